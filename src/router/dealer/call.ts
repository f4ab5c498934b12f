import type { Clock, Timer } from '../../base/clock.ts';
import { afterAwake } from '../../base/time/awake-time.ts';
import type { Dict } from '../../wamp/dict.ts';
import { asId, type Id } from '../../wamp/ids.ts';
import type { CallMessage } from '../../wamp/messages/messages.ts';
import type { Payload } from '../../wamp/payload.ts';
import type { Uri } from '../../wamp/uri.ts';
import type { Decision } from '../policy/authorizer.ts';
import { passthruOf } from '../requests/payload-passthru.ts';
import { callTimeout, discloses } from '../requests/request-options.ts';
import type { Session } from '../session/session.ts';
import type { RegisteredCallee, Registration } from './registration.ts';

const NO_REQUEST = asId<'request'>(0);
/** No timer runs longer; a call with a longer timeout has none. */
const MAX_TIMEOUT = 0x7fffffff;

const NOTHING: readonly Payload[] = Object.freeze([]);

/**
 * A call on its way: from CALL until its final answer. It stands in the caller's table for exactly that long, and in a
 * callee's while that one is at work on it; whoever ends it first owes the caller the answer.
 */
export class Call {
  readonly caller: Session;
  readonly request: Id<'request'>;
  readonly procedure: Uri;
  /** Of the first CALL; later ones of a progressive call change nothing. [advanced/rpc_progressive_call_invocations: freezing] */
  readonly options: Dict;
  readonly decision: Decision;
  registration: Registration;
  /** Undefined while the call waits for one that is free. */
  callee: RegisteredCallee | undefined = undefined;
  /** INVOCATION.Request. */
  invocation: Id<'request'> = NO_REQUEST;
  /** A progressive result has been passed on. */
  answering = false;
  /** CANCEL with mode `kill` has been passed on: the callee's answer ends the call. */
  killed = false;
  /** The last part has come. */
  complete: boolean;
  /** INVOCATIONs sent to this callee. */
  sent = 0;
  /** Callees that were not available. [advanced/rpc_call_rerouting] */
  tried: Set<RegisteredCallee> | undefined = undefined;
  /** What a callee yet to be chosen will be sent. */
  kept: readonly Payload[] = NOTHING;
  #timer: Timer | undefined = undefined;

  constructor(
    caller: Session,
    { request, options, procedure }: CallMessage,
    registration: Registration,
    decision: Decision,
  ) {
    this.caller = caller;
    this.request = request;
    this.procedure = procedure;
    this.options = options;
    this.registration = registration;
    this.decision = decision;
    this.complete = !this.inParts;
  }

  // What follows from the options is not kept beside them: most calls have none, and there are many calls.

  /** The caller sends its arguments in parts. */
  get inParts(): boolean {
    return this.options['progress'] === true;
  }

  /** Milliseconds; 0 is none. */
  get timeout(): number {
    return callTimeout(this.options);
  }

  /** How the payload is packed; undefined for an ordinary one. [advanced/payload_passthru_mode] */
  get passthru(): Dict | undefined {
    return passthruOf(this.options);
  }

  /** Whether the caller takes progressive results and the callee was told so. */
  get progressive(): boolean {
    return this.options['receive_progress'] === true && this.callee?.session.features.calleeProgress === true;
  }

  /** Whether the callee is told who calls. [advanced/rpc_caller_identification] */
  get disclosed(): boolean {
    const { disclose } = this.decision;
    return discloses(this.options, disclose) || (disclose === 'on request' && this.callee?.discloseCaller === true);
  }

  /** `callee` gets to work on it, under an INVOCATION.Request of its own. */
  begin(callee: RegisteredCallee): void {
    const { session } = callee;
    callee.inFlight++;
    this.callee = callee;
    this.invocation = session.nextInvocation();
    this.sent = 0;
    session.invocations.set(this.invocation, this);
  }

  /** The callee is no longer at work on it. */
  withdraw(): void {
    const { callee } = this;
    if (callee === undefined) return;
    callee.inFlight--;
    callee.session.invocations.delete(this.invocation);
    this.callee = undefined;
  }

  keep(payload: Payload): void {
    this.kept = this.kept === NOTHING ? [payload] : [...this.kept, payload];
  }

  /** What was kept, no longer. */
  release(): readonly Payload[] {
    const { kept } = this;
    this.kept = NOTHING;
    return kept;
  }

  /**
   * Calls back unless the call ends, or the time is started anew, within its timeout. Does nothing where the time runs
   * already. [advanced/rpc_call_timeout]
   */
  startTimer(clock: Clock, expired: (call: Call) => void): void {
    const { timeout } = this;
    if (timeout === 0 || timeout > MAX_TIMEOUT || this.#timer !== undefined) return;
    this.#timer = afterAwake(clock, timeout, () => expired(this));
  }

  /** Whether the time runs here. */
  get isTimed(): boolean {
    return this.#timer !== undefined;
  }

  stopTimer(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  /** It has ended, or is about to: whoever closes it says so to the caller. */
  close(): void {
    this.stopTimer();
    if (this.callee === undefined) this.registration.queue?.delete(this);
    else this.#leaveCallee(this.callee);
    this.caller.calls.delete(this.request);
    // Parts may still be on their way.
    if (this.inParts) this.caller.endedCalls.add(this.request, this.procedure);
  }

  /** As `withdraw`, but it stays known who was at work on it. */
  #leaveCallee(callee: RegisteredCallee): void {
    callee.inFlight--;
    callee.session.invocations.delete(this.invocation);
  }
}
