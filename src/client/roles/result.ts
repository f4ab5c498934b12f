import type { Payload } from '../../wamp/payload.ts';
import type { Outgoing } from '../api/session-api.ts';
import { outgoingPayload } from './outgoing-payload.ts';

/** What `result()` makes: a handler's answer that is more than one argument. */
export class HandlerResult {
  readonly payload: Payload;

  constructor(outgoing: Outgoing) {
    this.payload = outgoingPayload(outgoing);
  }
}

/**
 * Makes the answer of an invocation handler from any of `args`, `kwargs`, or a ready `payload`. Needed because a handler
 * may also return a plain object that happens to have these keys, as its only argument.
 */
export function result(outgoing: Outgoing): HandlerResult {
  return new HandlerResult(outgoing);
}
