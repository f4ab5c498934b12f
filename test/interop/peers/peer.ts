/** A received event. */
export interface PeerEvent {
  readonly topic: string;
  readonly args: readonly unknown[];
  readonly kwargs: Readonly<Record<string, unknown>>;
  /** The session id of the publisher, if it was disclosed. */
  readonly publisher?: number | undefined;
  /** Whether the event is a retained one. */
  readonly retained?: boolean | undefined;
}

export interface PeerResult {
  readonly args: readonly unknown[];
  readonly kwargs: Readonly<Record<string, unknown>>;
}

/** An ERROR as the library of the peer reports it. */
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
 * The behavior of a procedure that a peer registers. `echo` returns its arguments, `add` the sum of two. `fail` answers
 * ERROR `com.interop.failed` with its arguments. `name` returns the name of the library. `count` returns 0, 1, 2 … as
 * progressive results, and then its argument. `caller` returns the session id of the caller, or `undisclosed`.
 * `procedure` returns the called URI. `never` does not answer.
 */
export type Behaviour = 'echo' | 'add' | 'fail' | 'name' | 'count' | 'caller' | 'procedure' | 'never';

/** Options with the names of the specification. Each peer converts them for its library. */
export type PeerOptions = Readonly<Record<string, unknown>>;

/** A WAMP client of another project, with the few methods that every library has. */
export interface Peer {
  readonly name: string;
  /** All events in the order of arrival. */
  readonly events: readonly PeerEvent[];
  /** The session id. */
  readonly session: number;
  subscribe(topic: string, match?: 'exact' | 'prefix' | 'wildcard', options?: PeerOptions): Promise<void>;
  /** Publishes with acknowledgement. */
  publish(topic: string, args: readonly unknown[], kwargs?: PeerOptions, options?: PeerOptions): Promise<void>;
  /** Rejects with `PeerError`. */
  register(procedure: string, behaviour: Behaviour, options?: PeerOptions): Promise<void>;
  /** Rejects with `PeerError`. */
  call(procedure: string, args: readonly unknown[], kwargs?: PeerOptions, options?: PeerOptions): Promise<PeerResult>;
  /** Calls, and returns the first argument of each progressive result and of the final one. */
  callForProgress(procedure: string, args: readonly unknown[]): Promise<unknown[]>;
  /** Calls, and cancels the call as soon as `begun` resolves. Resolves when the library reports the end of the call. */
  callAndCancel(procedure: string, begun: () => Promise<unknown>): Promise<void>;
  close(): Promise<void>;
}
