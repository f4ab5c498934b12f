import { type Dict, EMPTY_DICT } from '../../wamp/dict.ts';
import { ErrorUri } from '../../wamp/errors.ts';
import type { Id } from '../../wamp/ids.ts';
import { MessageType } from '../../wamp/messages/message-type.ts';
import { Payload } from '../../wamp/payload.ts';
import type { Uri } from '../../wamp/uri.ts';
import type { RouterSession } from '../session/session.ts';
import type { RouterCall } from './call.ts';
import type { RegisteredCallee } from './registration.ts';

/** RESULT.Details of a progressive result, and INVOCATION.Details of a part before the last. */
export const PROGRESS: Dict = Object.freeze({ progress: true });

/**
 * INTERRUPT.Options. `killnowait`: no answer is expected. `kill`: the answer ends the call.
 * [advanced/rpc_call_canceling]
 */
const interruptOptions = { killnowait: Object.freeze({ mode: 'killnowait' }), kill: Object.freeze({ mode: 'kill' }) };

/** Sends the ERROR that ends a call. */
export function sendError(
  { caller, request }: RouterCall,
  error: Uri,
  payload: Payload,
  details: Dict = EMPTY_DICT,
): void {
  caller.link.send({ type: MessageType.Error, requestType: MessageType.Call, request, details, error, payload });
}

export function sendSizeError(caller: RouterSession, request: Id<'request'>, text: string): void {
  const payload = text === '' ? Payload.empty : Payload.of([text]);
  const [requestType, error] = [MessageType.Call, ErrorUri.PayloadSizeExceeded];
  caller.link.send({ type: MessageType.Error, requestType, request, details: EMPTY_DICT, error, payload });
}

/** Sends INTERRUPT if the call has a callee and the callee supports canceling. */
export function interrupt({ callee, invocation }: RouterCall, mode: keyof typeof interruptOptions): void {
  if (callee?.session.features.calleeCanceling !== true) return;
  const options = interruptOptions[mode];
  callee.session.link.send({ type: MessageType.Interrupt, request: invocation, options });
}

/** Sends INVOCATION to the current callee of the call. */
export function sendInvocation(call: RouterCall, callee: RegisteredCallee, payload: Payload, last: boolean): void {
  call.sent++;
  const details = invocationDetails(call, callee);
  callee.session.link.send({
    type: MessageType.Invocation,
    request: call.invocation,
    registration: call.registration.id,
    details: last ? details : partDetails(details),
    payload,
  });
}

function partDetails(details: Dict): Dict {
  return details === EMPTY_DICT ? PROGRESS : { ...details, ...PROGRESS };
}

/** INVOCATION.Details without `progress`: the same for every part of a call. */
function invocationDetails(call: RouterCall, callee: RegisteredCallee): Dict {
  const { caller, registration, progressive, passthru, timeout, decision, disclosed } = call;
  const forwarded = callee.forwardTimeout && timeout > 0;
  const exact = registration.match === 'exact';
  const plain = exact && !progressive && !disclosed && !forwarded;
  if (plain && passthru === undefined && decision.trustlevel === undefined) return EMPTY_DICT;
  const details: Record<string, unknown> = { ...passthru };
  // [advanced/rpc_pattern_based_registration]
  if (!exact) details['procedure'] = call.procedure;
  if (progressive) details['receive_progress'] = true;
  if (forwarded) details['timeout'] = timeout;
  // [advanced/rpc_call_trustlevels]
  if (decision.trustlevel !== undefined) details['trustlevel'] = decision.trustlevel;
  if (disclosed) {
    // [advanced/rpc_caller_identification]
    details['caller'] = caller.id;
    details['caller_authid'] = caller.principal.authid;
    details['caller_authrole'] = caller.principal.authrole;
  }
  return details;
}
