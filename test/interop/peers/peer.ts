/** What arrived at a subscriber. */
export interface PeerEvent {
  readonly topic: string;
  readonly args: readonly unknown[];
  readonly kwargs: Readonly<Record<string, unknown>>;
  /** Whose it is, where that was disclosed. */
  readonly publisher?: number | undefined;
  /** It had been published before the subscription. */
  readonly retained?: boolean | undefined;
}

export interface PeerResult {
  readonly args: readonly unknown[];
  readonly kwargs: Readonly<Record<string, unknown>>;
}

/** An ERROR as the peer's own library reported it. */
export class PeerError extends Error {
  readonly uri: string;
  readonly args: readonly unknown[];

  constructor(uri: string, args: readonly unknown[]) {
    super(`${uri} ${JSON.stringify(args)}`);
    this.uri = uri;
    this.args = args;
  }
}

/**
 * What a procedure registered by a peer does: `echo` returns its arguments, `add` the sum of two, `fail` answers
 * ERROR `com.interop.failed` with its arguments, `name` is the name of the library that answered, `count` gives 0, 1, 2 …
 * as progressive results and then its argument, `caller` returns the caller's session id, `nobody` where it is not disclosed,
 * `procedure` the URI that was called, `never` does not answer.
 */
export type Behaviour = 'echo' | 'add' | 'fail' | 'name' | 'count' | 'caller' | 'procedure' | 'never';

/** Options as the specification spells them; each library is given them in its own way. */
export type PeerOptions = Readonly<Record<string, unknown>>;

/** A WAMP client that nobody here wrote, behind the few calls that every one of them has. */
export interface Peer {
  readonly name: string;
  /** All events so far; in order of arrival. */
  readonly events: readonly PeerEvent[];
  /** Its id on the realm. */
  readonly session: number;
  subscribe(topic: string, match?: 'exact' | 'prefix' | 'wildcard', options?: PeerOptions): Promise<void>;
  /** Acknowledged. */
  publish(topic: string, args: readonly unknown[], kwargs?: PeerOptions, options?: PeerOptions): Promise<void>;
  /** Rejects with `PeerError`. */
  register(procedure: string, behaviour: Behaviour, options?: PeerOptions): Promise<void>;
  /** Rejects with `PeerError`. */
  call(procedure: string, args: readonly unknown[], kwargs?: PeerOptions, options?: PeerOptions): Promise<PeerResult>;
  /** Calls, and tells the first argument of each progressive result, and at last of the final one. */
  callForProgress(procedure: string, args: readonly unknown[]): Promise<unknown[]>;
  /** Calls, and cancels the call as soon as `begun` resolves; resolves when the library has said that the call is over. */
  callAndCancel(procedure: string, begun: () => Promise<unknown>): Promise<void>;
  close(): Promise<void>;
}
