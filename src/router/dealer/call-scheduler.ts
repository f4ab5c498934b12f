import { ErrorUri, WampError } from '../../wamp/errors.ts';
import { Payload } from '../../wamp/payload.ts';
import { payloadSize } from '../../wamp/payload-size.ts';
import type { Uri } from '../../wamp/uri.ts';
import type { RealmRules } from '../session/realm-rules.ts';
import type { CallCallee, CallRegistration, RouterCall } from './call.ts';
import { interrupt, sendError, sendInvocation } from './call-messages.ts';
import { CallQueue } from './call-queue.ts';
import { BUSY } from './registration.ts';

/** What a call takes that waits for its answer, in all tables, beside arguments that are kept. */
const CALL_BYTES = 700;

/** What a payload that is kept counts beside its bytes. */
const KEPT_OVERHEAD = 200;

/** Brings calls to callees: at once, when one is free, or to the next where one cannot take it. */
export class CallScheduler {
  readonly #rules: RealmRules;
  readonly #match: (procedure: Uri) => CallRegistration | undefined;
  /** The calls of each registration that wait for a callee. A registration has no entry until its first call waits. */
  readonly #queues = new Map<CallRegistration, CallQueue>();
  #keptBytes = 0;
  #placed = 0;

  /** `match` finds the registration for a procedure. */
  constructor(rules: RealmRules, match: (procedure: Uri) => CallRegistration | undefined) {
    this.#rules = rules;
    this.#match = match;
  }

  /** Calls that were given to a callee, since the start; each counts once, however often it was rerouted. */
  get placed(): number {
    return this.#placed;
  }

  /** What is kept of arguments, in bytes. */
  get keptBytes(): number {
    return this.#keptBytes;
  }

  /** Takes on a call that has just come. Throws `WampError` where nobody can take it. */
  open(call: RouterCall, payload: Payload): void {
    const { calls } = this.#rules.shares;
    if (!calls.reserve(CALL_BYTES)) {
      throw new WampError(ErrorUri.LimitExceeded, ['too many calls of all sessions wait for their answer']);
    }
    try {
      this.#place(call, payload);
    } catch (error) {
      calls.release(CALL_BYTES);
      throw error;
    }
    call.tables.calls.set(call.request, call);
  }

  /** Another part of a progressive call. [advanced/rpc_progressive_call_invocations] */
  continue(call: RouterCall, payload: Payload, last: boolean): void {
    call.complete = last;
    if (call.callee === undefined) {
      if (this.#keep(call, payload)) return;
      this.fail(call, ErrorUri.Unavailable, Payload.of(['too much waits for a callee that is free']));
      return;
    }
    // A second part has gone to this callee: no other would understand the rest.
    this.#release(call);
    sendInvocation(call, call.callee, payload, last);
  }

  /**
   * The callee is not available: the next one is asked. False where this call cannot be moved any more.
   * [advanced/rpc_call_rerouting]
   */
  reroute(call: RouterCall): boolean {
    const { callee, registration } = call;
    if (callee === undefined || call.killed || call.answering || call.sent > 1) return false;
    if (registration.policy !== 'single' && call.kept.length === 0) return false;
    withdraw(call, callee);
    call.callee = undefined;
    call.tried ??= new Set();
    call.tried.add(callee);
    this.#placeAgain(call);
    this.settle(registration);
    return true;
  }

  /** A progressive result has come: the time until the next one begins. [advanced/rpc_progressive_call_results: timeouts] */
  answered(call: RouterCall): void {
    call.answering = true;
    if (!call.isTimed) return;
    call.stopTimer();
    call.startTimer(this.#rules.clock, this.#expire);
  }

  /** Ends a call with an error. The callee is not told. */
  fail(call: RouterCall, error: Uri, payload: Payload): void {
    this.close(call);
    sendError(call, error, payload);
    this.settle(call.registration);
  }

  /** Ends a call. The caller has been told or is about to be; then `settle`, as there may be room for another. */
  close(call: RouterCall): void {
    const { tables, request, callee } = call;
    if (tables.calls.get(request) === call) this.#rules.shares.calls.release(CALL_BYTES);
    call.stopTimer();
    if (callee === undefined) this.#queues.get(call.registration)?.delete(call);
    else withdraw(call, callee);
    tables.calls.delete(request);
    // The caller may have sent more parts that have not arrived yet.
    if (call.inParts) tables.endedCalls.add(request, call.procedure);
    if (call.kept.length > 0) this.#release(call);
  }

  /** Callees have come, gone or become free: what waits and need not wait any more is moved on. */
  settle(registration: CallRegistration): void {
    const queue = this.#queues.size === 0 ? undefined : this.#queues.get(registration);
    if (queue === undefined) return;
    if (registration.callees.length > 0) {
      if (queue.size === 0) return;
      for (let call = queue.dequeue(registration); call !== undefined; call = queue.dequeue(registration)) {
        this.#placeAgain(call);
      }
      return;
    }
    this.#queues.delete(registration);
    // The registration is gone, but no callee has seen these calls: they are routed anew.
    for (const call of queue.dequeueAll()) {
      call.tried = undefined;
      const next = this.#match(call.procedure);
      if (next === undefined) {
        this.close(call);
        sendError(call, ErrorUri.NoSuchProcedure, Payload.of([`the callees of ${call.procedure} have gone`]));
      } else {
        call.registration = next;
        this.#placeAgain(call);
      }
    }
  }

  #placeAgain(call: RouterCall): void {
    try {
      this.#place(call, undefined);
    } catch (error) {
      if (!(error instanceof WampError)) throw error;
      this.close(call);
      sendError(call, error.uri, Payload.of(error.args));
    }
  }

  /** `payload` is undefined where it has been kept. */
  #place(call: RouterCall, payload: Payload | undefined): void {
    const { registration, tried } = call;
    const callee = registration.choose(tried);
    if (callee === BUSY) this.#wait(call, payload);
    else if (callee !== undefined) this.#invoke(call, callee, payload);
    else if (tried === undefined) throw new WampError(ErrorUri.NoSuchProcedure, ['the callees have gone']);
    else throw new WampError(ErrorUri.NoAvailableCallee, [`no callee of ${call.procedure} is available`]);
  }

  #wait(call: RouterCall, payload: Payload | undefined): void {
    const { clock, limits } = this.#rules;
    const queue = this.#queueOf(call.registration);
    const isFull = queue.size >= limits.waitingCallsPerRegistration;
    if (isFull || (payload !== undefined && !this.#keep(call, payload))) {
      throw new WampError(ErrorUri.Unavailable, ['too many calls wait for a callee that is free']);
    }
    queue.add(call);
    call.startTimer(clock, this.#expire);
  }

  #invoke(call: RouterCall, callee: CallCallee, payload: Payload | undefined): void {
    refuseUnsupported(call, callee);
    if (call.sent === 0) this.#placed++;
    begin(call, callee);
    if (callee.forwardTimeout) call.stopTimer();
    else call.startTimer(this.#rules.clock, this.#expire);
    const reroutable = call.registration.policy !== 'single' && callee.session.features.calleeReroute;
    if (payload !== undefined) {
      // Half of the room is for calls that wait. Without room the call is made all the same: it will not be rerouted.
      if (reroutable && this.#keptBytes < this.#rules.limits.keptCallBytes / 2) this.#keep(call, payload);
      sendInvocation(call, callee, payload, call.complete);
      return;
    }
    const parts = call.kept;
    if (!reroutable || parts.length > 1) this.#release(call);
    parts.forEach((part, index) => {
      sendInvocation(call, callee, part, call.complete && index === parts.length - 1);
    });
  }

  #queueOf(registration: CallRegistration): CallQueue {
    const known = this.#queues.get(registration);
    if (known !== undefined) return known;
    const queue = new CallQueue();
    this.#queues.set(registration, queue);
    return queue;
  }

  #keep(call: RouterCall, payload: Payload): boolean {
    const bytes = payloadSize(payload) + KEPT_OVERHEAD;
    if (this.#keptBytes + bytes > this.#rules.limits.keptCallBytes) return false;
    this.#keptBytes += bytes;
    call.keep(payload.detach());
    return true;
  }

  #release(call: RouterCall): void {
    for (const payload of call.release()) this.#keptBytes -= payloadSize(payload) + KEPT_OVERHEAD;
  }

  readonly #expire = (call: RouterCall): void => {
    this.close(call);
    sendError(call, ErrorUri.Timeout, Payload.empty);
    interrupt(call, 'killnowait');
    this.settle(call.registration);
  };
}

/** Gives the call to a callee, with a new INVOCATION.Request. */
function begin(call: RouterCall, callee: CallCallee): void {
  const { tables } = callee;
  callee.inFlight++;
  call.callee = callee;
  call.invocation = tables.nextInvocation();
  call.sent = 0;
  tables.invocations.set(call.invocation, call);
}

/** The callee no longer handles the call. */
function withdraw(call: RouterCall, callee: CallCallee): void {
  callee.inFlight--;
  callee.tables.invocations.delete(call.invocation);
}

/** [advanced/rpc_progressive_call_invocations], [advanced/payload_passthru_mode: feature announcement] */
function refuseUnsupported({ inParts, passthru }: RouterCall, { session: { features } }: CallCallee): void {
  if (inParts && !features.calleeProgressiveInvocations) {
    throw new WampError(ErrorUri.FeatureNotSupported, ['the callee does not take progressive call invocations']);
  }
  if (passthru !== undefined && !features.calleePassthru) {
    throw new WampError(ErrorUri.FeatureNotSupported, ['the callee does not take payload passthru mode']);
  }
}
