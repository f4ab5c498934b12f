import type { Session } from '../router/session.ts';
import type { Dict } from '../wamp/dict.ts';
import type { Payload } from '../wamp/payload.ts';

/** A call of a meta procedure. */
export interface MetaCall {
  readonly caller: Session;
  readonly args: readonly unknown[];
  readonly kwargs: Dict;
  /** The same, not taken apart. */
  readonly payload: Payload;
}

/** What an `InvocationHandler` may return; a thrown `WampError` is for the caller. */
export type MetaProcedure = (call: MetaCall) => unknown;

export type MetaProcedures = Readonly<Record<string, MetaProcedure>>;
