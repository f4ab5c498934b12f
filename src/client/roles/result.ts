import type { Payload } from '../../wamp/payload.ts';
import type { Outgoing } from '../api/session-api.ts';
import { outgoingPayload } from './outgoing-payload.ts';

/** The value that `result()` makes: an answer with arguments and keyword arguments. */
export class HandlerResult {
  readonly payload: Payload;

  constructor(outgoing: Outgoing) {
    this.payload = outgoingPayload(outgoing);
  }
}

/**
 * Makes a handler's answer from `args`, `kwargs`, or a finished `payload`. It is needed because a handler may also
 * return a plain object with these keys as its only argument.
 */
export function result(outgoing: Outgoing): HandlerResult {
  return new HandlerResult(outgoing);
}
