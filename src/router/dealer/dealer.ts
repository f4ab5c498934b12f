import { type Dict, EMPTY_DICT } from '../../wamp/dict.ts';
import { ErrorUri, ProtocolViolation, WampError } from '../../wamp/errors.ts';
import type { Id } from '../../wamp/ids.ts';
import { MessageType } from '../../wamp/messages/message-type.ts';
import type {
  CallMessage,
  CancelMessage,
  ErrorMessage,
  InvocationMessage,
  RegisterMessage,
  ResultMessage,
  UnregisterMessage,
  YieldMessage,
} from '../../wamp/messages/messages.ts';
import { Payload } from '../../wamp/payload.ts';
import { isUri, type MatchPolicy, type Uri } from '../../wamp/uri.ts';
import type { Decision } from '../policy/authorizer.ts';
import {
  callTimeout,
  cancelMode,
  discloses,
  isBare,
  passthruOf,
  usesPassthru,
  withoutPassthru,
} from '../requests/request-options.ts';
import type { RealmRules } from '../session/realm-rules.ts';
import type { RouterSession } from '../session/session.ts';
import { type CallRegistration, RouterCall } from './call.ts';
import { interrupt, PROGRESS, sendError, sendSizeError } from './call-messages.ts';
import type { CallParty } from './call-party.ts';
import { CallScheduler } from './call-scheduler.ts';
import type { DealerView } from './dealer-view.ts';
import { Registry } from './registry.ts';

/** Routed remote procedure calls on one realm. [basic/remote_procedure_call] */
export class Dealer implements DealerView {
  readonly #rules: RealmRules;
  readonly #registry: Registry;
  readonly #scheduler: CallScheduler;
  #late = 0;
  #stray = 0;

  constructor(rules: RealmRules) {
    this.#rules = rules;
    this.#registry = new Registry(rules, registration => this.#scheduler.settle(registration));
    this.#scheduler = new CallScheduler(rules, procedure => this.#registry.match(procedure));
  }

  get registrationCount(): number {
    return this.#registry.size;
  }

  get registrations(): ReadonlyMap<Id<'registration'>, CallRegistration> {
    return this.#registry.all;
  }

  /** Calls routed to a callee since the start. */
  get called(): number {
    return this.#scheduler.placed;
  }

  /** Answers of callees that arrived after their call had ended, since the start. */
  get late(): number {
    return this.#late;
  }

  /** Parts of progressive calls that arrived after their call had ended, since the start. */
  get stray(): number {
    return this.#stray;
  }

  /** Memory of arguments that are kept for calls that wait or may be rerouted, in bytes. */
  get keptBytes(): number {
    return this.#scheduler.keptBytes;
  }

  lookup(procedure: Uri, match: MatchPolicy): CallRegistration | undefined {
    return this.#registry.lookup(procedure, match);
  }

  match(procedure: Uri): CallRegistration | undefined {
    return this.#registry.match(procedure);
  }

  /** Returns false if the session is not a callee of the registration. */
  revoke(party: CallParty, id: Id<'registration'>, reason: string): boolean {
    return this.#registry.revoke(party, id, reason);
  }

  register(party: CallParty, message: RegisterMessage): void {
    this.#registry.register(party, message);
  }

  unregister(party: CallParty, message: UnregisterMessage): void {
    this.#registry.unregister(party, message);
  }

  call(caller: CallParty, message: CallMessage): void {
    const rules = this.#rules;
    const { session } = caller;
    const { request, options, procedure, payload } = message;
    const open = caller.calls.get(request);
    if (open !== undefined) {
      this.#continue(open, message);
      return;
    }
    // The caller sent this part before it received the end of the call. [advanced/rpc_progressive_call_invocations:
    // completed calls]
    if (caller.endedCalls.has(request, procedure)) {
      this.#stray++;
      return;
    }
    refuseUnannounced(session, options);
    const registration = this.#registry.match(procedure);
    const decision = rules.permit(session, 'call', procedure, 'exact');
    if (registration === undefined) {
      throw new WampError(ErrorUri.NoSuchProcedure, [`no callee has registered ${procedure}`]);
    }
    refuseOptions(options, decision);
    if (caller.calls.size >= rules.limits.callsPerSession) {
      throw new WampError(ErrorUri.LimitExceeded, [
        `a session may have at most ${rules.limits.callsPerSession} open calls`,
      ]);
    }
    this.#scheduler.open(new RouterCall(session, caller, message, registration, decision), payload);
  }

  /**
   * Records a refused CALL, because the caller may have sent more parts of it.
   * [advanced/rpc_progressive_call_invocations]
   */
  refuse(caller: CallParty, { request, options, procedure }: CallMessage): void {
    if (options['progress'] === true) caller.endedCalls.add(request, procedure);
  }

  yield(callee: CallParty, message: YieldMessage): void {
    const { request, options, payload } = message;
    const passthru = passthruOf(options);
    if (passthru !== undefined && !callee.session.features.calleePassthru) {
      throw new ProtocolViolation('Received YIELD with ppt_scheme, but HELLO did not announce payload_passthru_mode.');
    }
    const call = callee.invocations.get(request);
    if (call === undefined) {
      this.#answeredLate(callee, 'YIELD', request);
      return;
    }
    const { caller } = call;
    if (passthru !== undefined && !caller.features.callerPassthru) {
      this.#refuseResult(callee, call);
      return;
    }
    if (options['progress'] !== true) {
      this.#scheduler.close(call);
      const details = passthru ?? EMPTY_DICT;
      caller.link.send({ type: MessageType.Result, request: call.request, details, payload });
      this.#scheduler.settle(call.registration);
      return;
    }
    // A caller that did not ask for progressive results would treat one as the final result.
    if (!call.progressive) return;
    this.#scheduler.answered(call);
    const details = passthru === undefined ? PROGRESS : { ...passthru, ...PROGRESS };
    caller.link.send({ type: MessageType.Result, request: call.request, details, payload });
  }

  /** Handles ERROR from a callee. */
  error(callee: CallParty, message: ErrorMessage): void {
    if (message.requestType !== MessageType.Invocation) {
      throw new ProtocolViolation('Received ERROR for a request other than INVOCATION.');
    }
    const call = callee.invocations.get(message.request);
    if (call === undefined) {
      this.#answeredLate(callee, 'ERROR', message.request);
      return;
    }
    const { details, error, payload } = message;
    if (error === ErrorUri.Unavailable && callee.session.features.calleeReroute && this.#scheduler.reroute(call))
      return;
    // The rule is `loose` on every realm, because the callee names its errors. An invalid URI would end the caller's
    // session.
    if (!isUri(error, 'loose')) {
      const text = 'the callee answered with an error that is not a URI';
      this.#scheduler.fail(call, ErrorUri.InvalidUri, Payload.of([text]));
      return;
    }
    this.#scheduler.close(call);
    if (!usesPassthru(details)) sendError(call, error, payload, details);
    else if (!callee.session.features.calleePassthru) sendError(call, error, payload, withoutPassthru(details));
    else if (call.caller.features.callerPassthru) sendError(call, error, payload, details);
    // A caller without payload passthru mode receives the error without the payload. [advanced/payload_passthru_mode]
    else sendError(call, error, Payload.empty, withoutPassthru(details));
    this.#scheduler.settle(call.registration);
  }

  cancel(caller: CallParty, { request, options }: CancelMessage): void {
    const call = caller.calls.get(request);
    // CANCEL for an unknown or answered call is ignored. [advanced/rpc_call_canceling]
    if (call === undefined) return;
    const mode = cancelMode(options);
    if (mode === 'kill' && call.callee?.session.features.calleeCanceling === true) {
      if (!call.killed) interrupt(call, 'kill');
      call.killed = true;
      return;
    }
    this.#scheduler.close(call);
    sendError(call, ErrorUri.Canceled, Payload.empty);
    if (mode !== 'skip') interrupt(call, 'killnowait');
    this.#scheduler.settle(call.registration);
  }

  // A call also ends if a message of it exceeds the size limit of the receiver. [basic/uri_reference:
  // payload_size_exceeded]

  invocationUnsendable(callee: CallParty, { request }: InvocationMessage): void {
    const call = callee.invocations.get(request);
    if (call === undefined) return;
    this.#scheduler.close(call);
    sendSizeError(call.caller, call.request, 'the arguments exceed the message size limit of the callee');
    // The callee has received other parts of the call.
    if (call.sent > 1) interrupt(call, 'killnowait');
    this.#scheduler.settle(call.registration);
  }

  resultUnsendable(caller: CallParty, { request, details }: ResultMessage): void {
    const call = caller.calls.get(request);
    // After a progressive result the call is open, unless it has ended in the meantime.
    if (details['progress'] === true && call === undefined) return;
    sendSizeError(caller.session, request, 'the result exceeds the message size limit of the caller');
    if (call === undefined) return;
    this.#scheduler.close(call);
    interrupt(call, 'killnowait');
    this.#scheduler.settle(call.registration);
  }

  errorUnsendable(caller: RouterSession, { requestType, request, details, payload }: ErrorMessage): void {
    if (requestType !== MessageType.Call || (payload.count === 0 && isBare(details))) return;
    sendSizeError(caller, request, '');
  }

  /** Ends all registrations, calls and invocations of a session that has left. */
  leave(party: CallParty): void {
    const { session } = party;
    const registrations = this.#registry.leave(party);
    // Waiting calls end first, so that none of them is placed when a callee becomes free.
    for (const call of party.calls.values()) if (call.callee === undefined) this.#scheduler.close(call);
    for (const call of party.calls.values()) {
      this.#scheduler.close(call);
      // [basic/remote_procedure_call: Caller Leaving During an RPC Invocation]
      if (call.callee?.session !== session) interrupt(call, 'killnowait');
      this.#scheduler.settle(call.registration);
    }
    for (const call of party.invocations.values()) {
      // [basic/remote_procedure_call: Callee Leaving During an RPC Invocation]
      this.#scheduler.fail(call, ErrorUri.Canceled, Payload.of(['the callee disconnected before it answered']));
    }
    this.#registry.left(session, registrations);
  }

  /**
   * Handles a CALL with the id of an open call. [advanced/rpc_progressive_call_invocations: verification of CALL
   * request ids]
   */
  #continue(call: RouterCall, { request, options, procedure, payload }: CallMessage): void {
    const same = procedure === call.procedure;
    if (same && !call.inParts) throw new ProtocolViolation(`CALL ${request} repeats the id of an open call`);
    if (same && !call.complete && !call.killed) {
      this.#scheduler.continue(call, payload, options['progress'] !== true);
      return;
    }
    if (call.caller.strictRules !== undefined && !call.killed)
      throw new ProtocolViolation(`CALL ${request} repeats the id of an earlier call`);
    this.#stray++;
  }

  /**
   * The caller does not support passthru mode: caller and callee receive ERROR. [advanced/payload_passthru_mode:
   * feature announcement]
   */
  #refuseResult(callee: CallParty, call: RouterCall): void {
    const payload = Payload.of(['the caller does not support payload passthru mode']);
    const error = ErrorUri.FeatureNotSupported;
    const [requestType, request] = [MessageType.Yield, call.invocation];
    callee.session.link.send({ type: MessageType.Error, requestType, request, details: EMPTY_DICT, error, payload });
    this.#scheduler.fail(call, error, payload);
  }

  /**
   * Drops the answer of a call that was canceled or abandoned. Throws if the router never sent an INVOCATION with this
   * id. [basic/remote_procedure_call: Caller Leaving], [basic/building_blocks: protocol errors]
   */
  #answeredLate(callee: CallParty, name: string, request: Id<'request'>): void {
    if (!callee.wasInvoked(request)) throw new ProtocolViolation(`Received ${name} for unknown invocation ${request}.`);
    this.#late++;
  }
}

/**
 * Throws `ProtocolViolation` if the call uses a feature that HELLO did not announce. [advanced/rpc_progressive_call_invocations],
 * [advanced/payload_passthru_mode]
 */
function refuseUnannounced({ features }: RouterSession, options: Dict): void {
  if (options['progress'] === true && !features.callerProgressiveInvocations) {
    throw new ProtocolViolation(
      'Received CALL with progress, but HELLO did not announce progressive_call_invocations.',
    );
  }
  if (usesPassthru(options) && !features.callerPassthru) {
    throw new ProtocolViolation('Received CALL with ppt_scheme, but HELLO did not announce payload_passthru_mode.');
  }
}

/** Throws if an option of a call is invalid. Later code only reads the options. */
function refuseOptions(options: Dict, { disclose }: Decision): void {
  callTimeout(options);
  discloses(options, disclose);
}
