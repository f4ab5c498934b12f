import { ErrorUri, WampError } from '../../wamp/errors.ts';
import { Payload } from '../../wamp/payload.ts';
import { payloadSize } from '../../wamp/payload-size.ts';
import type { Uri } from '../../wamp/uri.ts';
import type { RealmRules } from '../session/realm-rules.ts';
import type { CallCallee, CallRegistration, RouterCall } from './call.ts';
import { interrupt, sendError, sendInvocation } from './call-messages.ts';
import { CallQueue } from './call-queue.ts';
import { BUSY } from './registration.ts';

/** Estimated memory of an open call in all tables, without kept arguments. */
const CALL_BYTES = 700;

/** Estimated overhead of a kept payload, in bytes. */
const KEPT_OVERHEAD = 200;

/** Chooses a callee for each call, queues calls while all callees are busy, and ends calls. */
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

  /** Calls sent to a callee since the start. A rerouted call counts once. */
  get placed(): number {
    return this.#placed;
  }

  /** Memory of kept arguments, in bytes. */
  get keptBytes(): number {
    return this.#keptBytes;
  }

  /** Places a new call. Throws `WampError` if no callee can handle it. */
  open(call: RouterCall, payload: Payload): void {
    const { calls } = this.#rules.shares;
    if (!calls.reserve(CALL_BYTES)) {
      throw new WampError(ErrorUri.LimitExceeded, ['the open calls of all sessions have reached their memory limit']);
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
      this.fail(
        call,
        ErrorUri.Unavailable,
        Payload.of(['the arguments of waiting calls have reached their memory limit']),
      );
      return;
    }
    // After a second part the call cannot be rerouted: another callee would miss the first parts.
    this.#release(call);
    sendInvocation(call, call.callee, payload, last);
  }

  /**
   * The callee is unavailable: places the call with another callee. Returns false if the call cannot be moved.
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

  /** A progressive result restarts the timeout. [advanced/rpc_progressive_call_results: timeouts] */
  answered(call: RouterCall): void {
    call.answering = true;
    if (!call.isTimed) return;
    call.stopTimer();
    call.startTimer(this.#rules.clock, this.#expire);
  }

  /** Ends a call with an error. The callee receives nothing. */
  fail(call: RouterCall, error: Uri, payload: Payload): void {
    this.close(call);
    sendError(call, error, payload);
    this.settle(call.registration);
  }

  /** Ends a call. The calling code sends the answer, then calls `settle` because a callee may have become free. */
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

  /** Places waiting calls after callees were added, removed or became free. */
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
    // The registration has ended. No callee has received these calls, so they are routed again.
    for (const call of queue.dequeueAll()) {
      call.tried = undefined;
      const next = this.#match(call.procedure);
      if (next === undefined) {
        this.close(call);
        sendError(call, ErrorUri.NoSuchProcedure, Payload.of([`all callees of ${call.procedure} disconnected`]));
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

  /** `payload` is undefined if the call has kept it. */
  #place(call: RouterCall, payload: Payload | undefined): void {
    const { registration, tried } = call;
    const callee = registration.choose(tried);
    if (callee === BUSY) this.#wait(call, payload);
    else if (callee !== undefined) this.#invoke(call, callee, payload);
    else if (tried === undefined)
      throw new WampError(ErrorUri.NoSuchProcedure, ['all callees of this procedure disconnected']);
    else throw new WampError(ErrorUri.NoAvailableCallee, [`no callee of ${call.procedure} is available`]);
  }

  #wait(call: RouterCall, payload: Payload | undefined): void {
    const { clock, limits } = this.#rules;
    const queue = this.#queueOf(call.registration);
    const isFull = queue.size >= limits.waitingCallsPerRegistration;
    if (isFull || (payload !== undefined && !this.#keep(call, payload))) {
      throw new WampError(ErrorUri.Unavailable, ['too many calls wait for a free callee of this procedure']);
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
      // Half of the memory is reserved for waiting calls. Without memory the call is sent, but cannot be rerouted.
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
    throw new WampError(ErrorUri.FeatureNotSupported, ['the callee does not support progressive call invocations']);
  }
  if (passthru !== undefined && !features.calleePassthru) {
    throw new WampError(ErrorUri.FeatureNotSupported, ['the callee does not support payload passthru mode']);
  }
}
