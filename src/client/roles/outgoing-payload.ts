import { Payload } from '../../wamp/payload.ts';
import type { Outgoing } from '../api/session-api.ts';

/** The payload of what goes out: the ready-made one as it is, or one of the values. */
export function outgoingPayload(outgoing: Outgoing): Payload {
  return outgoing.payload ?? Payload.of(outgoing.args, outgoing.kwargs);
}
