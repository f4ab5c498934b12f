import { Payload } from '../../wamp/payload.ts';
import type { Outgoing } from '../api/session-api.ts';

/** The payload of an outgoing message: the finished one, or one made of the values. */
export function outgoingPayload(outgoing: Outgoing): Payload {
  return outgoing.payload ?? Payload.of(outgoing.args, outgoing.kwargs);
}
