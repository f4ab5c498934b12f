/** What arrived at a subscriber. */
export interface PeerEvent {
  readonly topic: string;
  readonly args: readonly unknown[];
  readonly kwargs: Readonly<Record<string, unknown>>;
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
 * ERROR `com.interop.failed` with its arguments, `caller` the name of the peer that answered.
 */
export type Behaviour = 'echo' | 'add' | 'fail' | 'name';

/** A WAMP client that nobody here wrote, behind the few calls that every one of them has. */
export interface Peer {
  readonly name: string;
  /** All events so far; in order of arrival. */
  readonly events: readonly PeerEvent[];
  subscribe(topic: string, match?: 'exact' | 'prefix' | 'wildcard'): Promise<void>;
  /** Acknowledged. */
  publish(topic: string, args: readonly unknown[], kwargs?: Readonly<Record<string, unknown>>): Promise<void>;
  register(procedure: string, behaviour: Behaviour): Promise<void>;
  /** Rejects with `PeerError`. */
  call(procedure: string, args: readonly unknown[], kwargs?: Readonly<Record<string, unknown>>): Promise<PeerResult>;
  close(): Promise<void>;
}
