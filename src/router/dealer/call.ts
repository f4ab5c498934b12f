import type { Clock, Timer } from '../../base/clock.ts';
import type { LazyMap } from '../../base/collections/lazy-map.ts';
import { afterAwake } from '../../base/time/awake-time.ts';
import type { Dict } from '../../wamp/dict.ts';
import { asId, type Id } from '../../wamp/ids.ts';
import type { CallMessage } from '../../wamp/messages/messages.ts';
import type { Payload } from '../../wamp/payload.ts';
import type { Uri } from '../../wamp/uri.ts';
import type { Decision } from '../policy/authorizer.ts';
import { callTimeout, discloses, passthruOf } from '../requests/request-options.ts';
import type { RouterSession } from '../session/session.ts';
import type { EndedCalls } from './ended-calls.ts';
import type { RegisteredCallee, RouterRegistration } from './registration.ts';

const NO_REQUEST = asId<'request'>(0);
/** The longest delay of a timer. A call with a longer timeout has no timer. */
const MAX_TIMEOUT = 0x7fffffff;

const NOTHING: readonly Payload[] = Object.freeze([]);

/**
 * What the dealer holds for one session. `CallParty` implements it. The interface is here because calls and the tables
 * that list them refer to each other.
 */
export interface CallTables {
  readonly session: RouterSession;
  readonly registrations: LazyMap<Id<'registration'>, CallRegistration>;
  /** As caller: calls without a final answer, by CALL.Request. */
  readonly calls: LazyMap<Id<'request'>, RouterCall>;
  /** As caller: progressive calls that have ended. */
  readonly endedCalls: EndedCalls;
  /** As callee: invocations without a final answer, by INVOCATION.Request. */
  readonly invocations: LazyMap<Id<'request'>, RouterCall>;
  nextInvocation(): Id<'request'>;
}

/** A callee with the tables of its session. */
export interface CallCallee extends RegisteredCallee {
  readonly tables: CallTables;
}

export type CallRegistration = RouterRegistration<CallCallee>;

/**
 * A call from CALL until its final answer. The table of the caller lists it for this time, the table of a callee while
 * the callee handles it. The code that removes the call from the tables also sends the answer to the caller.
 */
export class RouterCall {
  readonly caller: RouterSession;
  /** The tables of the caller. */
  readonly tables: CallTables;
  readonly request: Id<'request'>;
  readonly procedure: Uri;
  /**
   * Options of the first CALL. Later parts do not change them. [advanced/rpc_progressive_call_invocations: freezing]
   */
  readonly options: Dict;
  readonly decision: Decision;
  registration: CallRegistration;
  /** Undefined while the call waits for a free callee. */
  callee: CallCallee | undefined = undefined;
  /** INVOCATION.Request. */
  invocation: Id<'request'> = NO_REQUEST;
  /** The caller has received a progressive result. */
  answering = false;
  /** The callee has received INTERRUPT with mode `kill`: its answer ends the call. */
  killed = false;
  /** The last part has arrived. */
  complete: boolean;
  /** INVOCATIONs sent to the current callee. */
  sent = 0;
  /** Callees that answered `unavailable`. [advanced/rpc_call_rerouting] */
  tried: Set<CallCallee> | undefined = undefined;
  /** Arguments that are kept for a callee that is not chosen yet. */
  kept: readonly Payload[] = NOTHING;
  #timer: Timer | undefined = undefined;

  constructor(
    caller: RouterSession,
    tables: CallTables,
    { request, options, procedure }: CallMessage,
    registration: CallRegistration,
    decision: Decision,
  ) {
    this.caller = caller;
    this.tables = tables;
    this.request = request;
    this.procedure = procedure;
    this.options = options;
    this.registration = registration;
    this.decision = decision;
    this.complete = !this.inParts;
  }

  // Values that follow from the options are computed and not stored: most calls have no options, and calls are many.

  /** Whether the caller sends its arguments in parts. */
  get inParts(): boolean {
    return this.options['progress'] === true;
  }

  /** Milliseconds. 0 if the call has no timeout. */
  get timeout(): number {
    return callTimeout(this.options);
  }

  /** The `ppt_*` options. Undefined for an ordinary payload. [advanced/payload_passthru_mode] */
  get passthru(): Dict | undefined {
    return passthruOf(this.options);
  }

  /** Whether the INVOCATION asks for progressive results: the caller wants them and the callee supports them. */
  get progressive(): boolean {
    return this.options['receive_progress'] === true && this.callee?.session.features.calleeProgress === true;
  }

  /** Whether the callee receives the identity of the caller. [advanced/rpc_caller_identification] */
  get disclosed(): boolean {
    const { disclose } = this.decision;
    return discloses(this.options, disclose) || (disclose === 'on request' && this.callee?.discloseCaller === true);
  }

  keep(payload: Payload): void {
    this.kept = this.kept === NOTHING ? [payload] : [...this.kept, payload];
  }

  /** Removes the kept arguments and returns them. */
  release(): readonly Payload[] {
    const { kept } = this;
    this.kept = NOTHING;
    return kept;
  }

  /**
   * Starts the timer of the call, if it has a timeout and no timer runs. `expired` is called unless the timer is
   * stopped before. [advanced/rpc_call_timeout]
   */
  startTimer(clock: Clock, expired: (call: RouterCall) => void): void {
    const { timeout } = this;
    if (timeout === 0 || timeout > MAX_TIMEOUT || this.#timer !== undefined) return;
    this.#timer = afterAwake(clock, timeout, () => expired(this));
  }

  /** Whether the router measures the timeout of the call now. */
  get isTimed(): boolean {
    return this.#timer !== undefined;
  }

  stopTimer(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }
}
