import { type Dict, EMPTY_DICT } from '../wamp/dict.ts';
import { ErrorUri, ProtocolViolation, WampError } from '../wamp/errors.ts';
import { asId, countingIds, type Id } from '../wamp/ids.ts';
import { MessageType } from '../wamp/message-type.ts';
import type {
  CallMessage,
  CancelMessage,
  ErrorMessage,
  InvocationMessage,
  RegisterMessage,
  ResultMessage,
  UnregisterMessage,
  YieldMessage,
} from '../wamp/messages.ts';
import { Payload } from '../wamp/payload.ts';
import { isReserved, isUri, type Uri } from '../wamp/uri.ts';
import { Invocation } from './invocation.ts';
import { PatternTrie } from './pattern-trie.ts';
import type { RealmContext } from './realm-context.ts';
import { type RegisteredCallee, Registration } from './registration.ts';
import { callTimeout, cancelMode, discloses } from './request-options.ts';
import type { Session } from './session.ts';

/** RESULT.Details of a progressive result. */
const PROGRESS: Dict = Object.freeze({ progress: true });

/** INTERRUPT.Options: no answer is expected, or the callee's answer ends the call. [advanced/rpc_call_canceling] */
const KILL_NO_WAIT: Dict = Object.freeze({ mode: 'killnowait' });
const KILL: Dict = Object.freeze({ mode: 'kill' });

/** No timer runs longer; a call with a longer timeout has none. */
const MAX_TIMEOUT = 0x7fffffff;

/** Routed remote procedure calls on one realm. [basic/remote_procedure_call] */
export class Dealer {
  readonly #context: RealmContext;
  readonly #registrations = new PatternTrie<Registration>();
  readonly #registrationIds = countingIds();
  #called = 0;
  #late = 0;

  constructor(context: RealmContext) {
    this.#context = context;
  }

  get registrationCount(): number {
    return this.#registrations.size;
  }

  /** Calls routed to a callee, since the start. */
  get called(): number {
    return this.#called;
  }

  /** Answers of callees that came when nobody waited for them any more, since the start. */
  get late(): number {
    return this.#late;
  }

  register(session: Session, { request, options, procedure }: RegisterMessage): void {
    const context = this.#context;
    const match = context.pattern(options, procedure);
    context.refuseReserved(session, procedure);
    context.authorize(session, 'register', procedure, match);
    if (this.#registrations.get(procedure, match) !== undefined) {
      throw new WampError(ErrorUri.ProcedureAlreadyExists, [`${procedure} is registered already`]);
    }
    if (!session.speaksForRouter && session.registrations.size >= context.limits.registrationsPerSession) {
      throw new WampError(ErrorUri.LimitExceeded, ['this session has too many registrations']);
    }

    const id = asId<'registration'>(this.#registrationIds());
    const registration = new Registration(id, procedure, match, context.clock.now());
    // Said before a call can be routed: REGISTERED precedes every INVOCATION. [basic/security_model]
    session.link.send({ type: MessageType.Registered, request, registration: id });
    registration.add({
      session,
      discloseCaller: options['disclose_caller'] === true,
      forwardTimeout: options['forward_timeout'] === true && session.features.calleeTimeout,
    });
    this.#registrations.set(procedure, match, registration);
    session.registrations.set(id, registration);
    context.observer.onRegister?.(session, registration, true);
  }

  unregister(session: Session, { request, registration: id }: UnregisterMessage): void {
    // Only what the session itself holds: another's registration does not exist for it.
    const registration = session.registrations.get(id);
    if (registration === undefined) {
      throw new WampError(ErrorUri.NoSuchRegistration, [`this session has no registration ${id}`]);
    }
    session.link.send({ type: MessageType.Unregistered, request, details: undefined });
    this.#remove(session, registration);
  }

  call(caller: Session, message: CallMessage): void {
    const context = this.#context;
    const { request, options, procedure } = message;
    if (caller.calls.has(request)) throw new ProtocolViolation(`CALL ${request} is still waiting for its answer`);
    // Not announced, so its use ends the session. [advanced/rpc_progressive_call_invocations: feature announcement]
    if (options['progress'] === true)
      throw new ProtocolViolation('progressive call invocations are not announced here');

    // What is registered under exactly this URI was checked when it was registered.
    let registration = this.#registrations.get(procedure, 'exact');
    if (registration === undefined) {
      context.checkUri(procedure);
      // A pattern, however wide, does not stand in for the protocol's own procedures.
      if (!isReserved(procedure)) registration = this.#registrations.best(procedure);
    }
    const disclose = context.authorize(caller, 'call', procedure, 'exact');
    const callee = registration?.choose();
    if (registration === undefined || callee === undefined) {
      throw new WampError(ErrorUri.NoSuchProcedure, [`nobody has registered ${procedure}`]);
    }
    const timeout = callTimeout(options);
    const disclosed = discloses(options, disclose) || (disclose === 'on request' && callee.discloseCaller);
    if (caller.calls.size >= context.limits.callsPerSession) {
      throw new WampError(ErrorUri.LimitExceeded, ['too many calls of this session wait for their answer']);
    }

    const progressive = options['receive_progress'] === true && callee.session.features.calleeProgress;
    const invocation = new Invocation(caller, request, callee.session, registration, progressive);
    if (timeout > 0 && timeout <= MAX_TIMEOUT && !callee.forwardTimeout) {
      invocation.expireAfter(timeout, context.clock, this.#expire);
    }
    this.#called++;
    callee.session.link.send({
      type: MessageType.Invocation,
      request: invocation.request,
      registration: registration.id,
      details: invocationDetails(invocation, callee, procedure, disclosed, timeout),
      payload: message.payload,
    });
  }

  yield(callee: Session, message: YieldMessage): void {
    const invocation = callee.invocations.get(message.request);
    if (invocation === undefined) {
      this.#answeredLate(callee, 'YIELD', message.request);
      return;
    }
    const { caller, call } = invocation;
    if (message.options['progress'] !== true) {
      invocation.close();
      caller.link.send({ type: MessageType.Result, request: call, details: EMPTY_DICT, payload: message.payload });
      return;
    }
    invocation.restartTimer();
    // A caller that did not ask for progressive results would take one for the final result.
    if (!invocation.progressive) return;
    caller.link.send({ type: MessageType.Result, request: call, details: PROGRESS, payload: message.payload });
  }

  /** ERROR of a callee. */
  error(callee: Session, message: ErrorMessage): void {
    if (message.requestType !== MessageType.Invocation) {
      throw new ProtocolViolation('a client answers nothing but INVOCATION with ERROR');
    }
    const invocation = callee.invocations.get(message.request);
    if (invocation === undefined) {
      this.#answeredLate(callee, 'ERROR', message.request);
      return;
    }
    invocation.close();
    // Loose on every realm: the names of errors are the callee's, but what is no URI would cost the caller its session.
    if (isUri(message.error, 'loose')) answer(invocation, message.error, message.payload);
    else answer(invocation, ErrorUri.InvalidUri, Payload.of(['the callee answered with an error that is not a URI']));
  }

  cancel(caller: Session, { request, options }: CancelMessage): void {
    const invocation = caller.calls.get(request);
    // Answered already, or never made: ignored. [advanced/rpc_call_canceling]
    if (invocation === undefined) return;
    const mode = cancelMode(options);
    if (mode === 'kill' && invocation.callee.features.calleeCanceling) {
      if (!invocation.killed) interrupt(invocation, KILL);
      invocation.killed = true;
      return;
    }
    invocation.close();
    answer(invocation, ErrorUri.Canceled, Payload.empty);
    if (mode !== 'skip') interrupt(invocation, KILL_NO_WAIT);
  }

  // A call ends even where a message of it does not fit its receiver's link. [basic/uri_reference: payload_size_exceeded]

  invocationUnsendable(callee: Session, { request }: InvocationMessage): void {
    const invocation = callee.invocations.get(request);
    if (invocation === undefined) return;
    invocation.close();
    refuseSize(invocation.caller, invocation.call, 'the arguments do not fit the link to the callee');
  }

  resultUnsendable(caller: Session, { request, details }: ResultMessage): void {
    const invocation = caller.calls.get(request);
    // Of a progressive result the call is still open, unless it has ended since.
    if (details === PROGRESS && invocation === undefined) return;
    refuseSize(caller, request, 'the result does not fit the link to the caller');
    if (invocation === undefined) return;
    invocation.close();
    interrupt(invocation, KILL_NO_WAIT);
  }

  errorUnsendable(caller: Session, { requestType, request, payload }: ErrorMessage): void {
    if (requestType !== MessageType.Call || payload.count === 0) return;
    refuseSize(caller, request, '');
  }

  /** Ends every registration and every call, made or answered, of a session that is gone. */
  leave(session: Session): void {
    for (const registration of session.registrations.values()) this.#remove(session, registration);
    for (const invocation of session.calls.values()) {
      invocation.close();
      // [basic/remote_procedure_call: Caller Leaving During an RPC Invocation]
      if (invocation.callee !== session) interrupt(invocation, KILL_NO_WAIT);
    }
    for (const invocation of session.invocations.values()) {
      invocation.close();
      // [basic/remote_procedure_call: Callee Leaving During an RPC Invocation]
      answer(invocation, ErrorUri.Canceled, Payload.of(['the callee left before it had answered']));
    }
  }

  readonly #expire = (invocation: Invocation): void => {
    invocation.close();
    answer(invocation, ErrorUri.Timeout, Payload.empty);
    interrupt(invocation, KILL_NO_WAIT);
  };

  #remove(session: Session, registration: Registration): void {
    session.registrations.delete(registration.id);
    registration.remove(session);
    const deleted = registration.callees.length === 0;
    if (deleted) this.#registrations.delete(registration.procedure, registration.match);
    this.#context.observer.onUnregister?.(session, registration, deleted);
  }

  /**
   * Dropped where the call was canceled or abandoned; ids that were never given out are a violation.
   * [basic/remote_procedure_call: Caller Leaving], [basic/building_blocks: protocol errors]
   */
  #answeredLate(callee: Session, name: string, request: YieldMessage['request']): void {
    if (!callee.wasInvoked(request))
      throw new ProtocolViolation(`${name} for invocation ${request}, which was never made`);
    this.#late++;
  }
}

/** Ends a call with an error. */
function answer({ caller, call }: Invocation, error: Uri, payload: Payload): void {
  const requestType = MessageType.Call;
  caller.link.send({ type: MessageType.Error, requestType, request: call, details: EMPTY_DICT, error, payload });
}

function refuseSize(caller: Session, request: Id<'request'>, text: string): void {
  const payload = text === '' ? Payload.empty : Payload.of([text]);
  const [requestType, error] = [MessageType.Call, ErrorUri.PayloadSizeExceeded];
  caller.link.send({ type: MessageType.Error, requestType, request, details: EMPTY_DICT, error, payload });
}

/** Tells the callee to stop, if it can be told. */
function interrupt({ callee, request }: Invocation, options: Dict): void {
  if (callee.features.calleeCanceling) callee.link.send({ type: MessageType.Interrupt, request, options });
}

function invocationDetails(
  { caller, registration, progressive }: Invocation,
  { forwardTimeout }: RegisteredCallee,
  procedure: Uri,
  disclosed: boolean,
  timeout: number,
): Dict {
  const forwarded = forwardTimeout && timeout > 0;
  if (registration.match === 'exact' && !progressive && !disclosed && !forwarded) return EMPTY_DICT;
  const details: Record<string, unknown> = {};
  // [advanced/rpc_pattern_based_registration]
  if (registration.match !== 'exact') details['procedure'] = procedure;
  if (progressive) details['receive_progress'] = true;
  if (forwarded) details['timeout'] = timeout;
  if (disclosed) {
    // [advanced/rpc_caller_identification]
    details['caller'] = caller.id;
    details['caller_authid'] = caller.principal.authid;
    details['caller_authrole'] = caller.principal.authrole;
  }
  return details;
}
