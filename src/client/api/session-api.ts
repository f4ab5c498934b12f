import type { Dict } from '../../wamp/dict.ts';
import type { Id } from '../../wamp/ids.ts';
import type { Payload } from '../../wamp/payload.ts';
import type { MatchPolicy } from '../../wamp/uri.ts';

/** Arguments of a message that goes out: values, or a payload that is already made. */
export interface Outgoing {
  readonly args?: readonly unknown[];
  readonly kwargs?: Dict;
  /** Instead of `args` and `kwargs`: a payload passed on as it is, without taking it apart. */
  readonly payload?: Payload;
}

export interface PublishOptions extends Outgoing {
  /** Resolve only when the router has accepted the event. Default false: resolves at once. */
  readonly acknowledge?: boolean;
  /** More options as the specification names them (`exclude_me`, `retain`, `eligible_authrole` …). */
  readonly options?: Dict;
}

/** An event as a subscriber sees it. `args` and `kwargs` are decoded when first asked for. */
export interface WampEvent {
  /** The topic published to (also where the subscription is by pattern). */
  readonly topic: string;
  readonly publication: Id<'publication'>;
  readonly details: Dict;
  readonly args: readonly unknown[];
  readonly kwargs: Dict;
  /** The same, not taken apart: for whoever passes it on. */
  readonly payload: Payload;
}

export interface SubscribeOptions {
  readonly match?: MatchPolicy;
  readonly options?: Dict;
}

export interface Subscription {
  readonly topic: string;
  /** Ends it; resolves when the router has confirmed. Idempotent. */
  unsubscribe(): Promise<void>;
}

export interface CallOptions extends Outgoing {
  /** Cancels the call (`mode` of `cancelMode`, default `killnowait`); the promise rejects with `wamp.error.canceled`. */
  readonly signal?: AbortSignal;
  readonly cancelMode?: 'skip' | 'kill' | 'killnowait';
  /** Milliseconds after which the call fails with `wamp.error.timeout`, kept here as well as asked of the router. */
  readonly timeout?: number;
  /** Receives progressive results; the promise resolves with the final one. */
  readonly onProgress?: (result: CallResult) => void;
  readonly options?: Dict;
}

export interface CallResult {
  readonly args: readonly unknown[];
  readonly kwargs: Dict;
  readonly details: Dict;
  readonly payload: Payload;
}

/** A call as a callee sees it. */
export interface Invocation {
  /** The procedure called (also where the registration is by pattern). */
  readonly procedure: string;
  readonly args: readonly unknown[];
  readonly kwargs: Dict;
  readonly details: Dict;
  readonly payload: Payload;
  /** Aborted when the caller cancels or the session ends. */
  readonly signal: AbortSignal;
  /** Sends a progressive result; does nothing where the caller did not ask for them. */
  progress(result: Outgoing): void;
}

/**
 * Answers an invocation. What it returns is the result: an object with any of `args`, `kwargs`, `payload` made by
 * `result()` is taken as such; any other value becomes the only argument; undefined is an empty result.
 * A thrown `WampError` reaches the caller as it is; anything else as `wamp.error.runtime_error`.
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
 * What one can do on a realm. A `Session` does it on one link and ends with it; a `Client` does it across reconnects.
 * Every method that waits rejects with `WampError` where the router refuses, and with `wamp.error.network_failure`
 * where the link is gone before the answer came.
 */
export interface WampSession {
  publish(topic: string, options?: PublishOptions): Promise<Id<'publication'> | undefined>;
  subscribe(topic: string, handler: (event: WampEvent) => void, options?: SubscribeOptions): Promise<Subscription>;
  register(procedure: string, handler: InvocationHandler, options?: RegisterOptions): Promise<Registration>;
  call(procedure: string, options?: CallOptions): Promise<CallResult>;
  /** Says GOODBYE, waits for the answer (bounded), closes the link. Idempotent. */
  leave(reason?: string): Promise<void>;
}

/** A session on one link: joined when you get it, over when `closed` resolves. */
export interface JoinedSession extends WampSession {
  readonly id: Id<'session'>;
  /** Details of WELCOME. */
  readonly welcome: Dict;
  readonly realm: string;
  /** Resolves, never rejects, with the reason when the session is over (left, closed by the router, link lost). */
  readonly closed: Promise<string>;
}
