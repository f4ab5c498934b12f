import type { Dict } from '../../wamp/dict.ts';
import type { Id } from '../../wamp/ids.ts';
import type { Payload } from '../../wamp/payload.ts';
import type { MatchPolicy } from '../../wamp/uri.ts';

/** The payload of an outgoing message: values, or a finished payload. */
export interface Outgoing {
  readonly args?: readonly unknown[];
  readonly kwargs?: Dict;
  /** Instead of `args` and `kwargs`: a payload that is forwarded without decoding. */
  readonly payload?: Payload;
}

export interface PublishOptions extends Outgoing {
  /** Resolve when the router has accepted the event. Default false: resolve at once. */
  readonly acknowledge?: boolean;
  /** Further options, named as in the specification (`exclude_me`, `retain`, `eligible_authrole` …). */
  readonly options?: Dict;
}

/** An event as a subscriber receives it. `args` and `kwargs` are decoded on first access. */
export interface WampEvent {
  /** The topic of the publication, also if the subscription is pattern-based. */
  readonly topic: string;
  readonly publication: Id<'publication'>;
  readonly details: Dict;
  readonly args: readonly unknown[];
  readonly kwargs: Dict;
  /** The undecoded payload, for code that forwards it. */
  readonly payload: Payload;
}

export interface SubscribeOptions {
  readonly match?: MatchPolicy;
  readonly options?: Dict;
}

export interface Subscription {
  readonly topic: string;
  /** Ends the subscription. Resolves when the router has confirmed. Idempotent. */
  unsubscribe(): Promise<void>;
}

export interface CallOptions extends Outgoing {
  /** Cancels the call with `cancelMode` (default `killnowait`). The promise rejects with `wamp.error.canceled`. */
  readonly signal?: AbortSignal;
  readonly cancelMode?: 'skip' | 'kill' | 'killnowait';
  /** Milliseconds until the call fails with `wamp.error.timeout`. The client enforces it, and asks the router to. */
  readonly timeout?: number;
  /** Receives progressive results. The promise resolves with the final one. */
  readonly onProgress?: (result: CallResult) => void;
  readonly options?: Dict;
}

export interface CallResult {
  readonly args: readonly unknown[];
  readonly kwargs: Dict;
  readonly details: Dict;
  readonly payload: Payload;
}

/** An invocation as a callee receives it. */
export interface Invocation {
  /** The called procedure, also if the registration is pattern-based. */
  readonly procedure: string;
  readonly args: readonly unknown[];
  readonly kwargs: Dict;
  readonly details: Dict;
  readonly payload: Payload;
  /** Aborted when the caller cancels the call or the session ends. */
  readonly signal: AbortSignal;
  /** Sends a progressive result. Does nothing if the caller did not ask for progressive results. */
  progress(result: Outgoing): void;
}

/**
 * Answers an invocation. The returned value is the result: a value made by `result()` sets arguments and keyword
 * arguments, undefined is an empty result. Any other value becomes the only argument. A thrown `WampError` is sent to
 * the caller unchanged, any other error as `wamp.error.runtime_error`.
 */
export type InvocationHandler = (invocation: Invocation) => unknown;

export interface RegisterOptions {
  readonly match?: MatchPolicy;
  readonly invoke?: 'single' | 'first' | 'last' | 'roundrobin' | 'random';
  readonly options?: Dict;
}

export interface Registration {
  readonly procedure: string;
  unregister(): Promise<void>;
}

/**
 * The operations on a realm. A `Session` performs them on one link and ends with it; a `Client` performs them across
 * reconnects. Each waiting method rejects with `WampError` if the router refuses, and with `wamp.error.network_failure`
 * if the link is lost before the answer.
 */
export interface WampSession {
  publish(topic: string, options?: PublishOptions): Promise<Id<'publication'> | undefined>;
  subscribe(topic: string, handler: (event: WampEvent) => void, options?: SubscribeOptions): Promise<Subscription>;
  register(procedure: string, handler: InvocationHandler, options?: RegisterOptions): Promise<Registration>;
  call(procedure: string, options?: CallOptions): Promise<CallResult>;
  /** Sends GOODBYE, waits for the answer for a bounded time, and closes the link. Idempotent. */
  leave(reason?: string): Promise<void>;
}

/** A session on one link. It has joined when the application receives it, and is over when `closed` resolves. */
export interface JoinedSession extends WampSession {
  readonly id: Id<'session'>;
  /** WELCOME.Details. */
  readonly welcome: Dict;
  readonly realm: string;
  /** Resolves with the reason when the session is over (left, closed by the router, link lost). Never rejects. */
  readonly closed: Promise<string>;
}
