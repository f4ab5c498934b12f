import type { Clock, Timer } from '../base/clock.ts';
import type { Id } from '../wamp/ids.ts';
import type { Registration } from './registration.ts';
import type { Session } from './session.ts';

/**
 * A call on its way: from CALL until its final answer. It stands in the caller's and in the callee's table for exactly
 * that long; whoever closes it first owes the caller the answer.
 */
export class Invocation {
  readonly caller: Session;
  readonly call: Id<'request'>;
  readonly callee: Session;
  readonly request: Id<'request'>;
  readonly registration: Registration;
  /** Whether the caller takes progressive results and the callee was told so. */
  readonly progressive: boolean;
  /** CANCEL with mode `kill` has been passed on: the callee's answer ends the call. */
  killed = false;
  #timer: Timer | undefined;
  #restart: (() => Timer) | undefined;

  constructor(caller: Session, call: Id<'request'>, callee: Session, registration: Registration, progressive: boolean) {
    this.caller = caller;
    this.call = call;
    this.callee = callee;
    this.request = callee.nextInvocation();
    this.registration = registration;
    this.progressive = progressive;
    caller.calls.set(call, this);
    callee.invocations.set(this.request, this);
  }

  /**
   * Calls back unless the invocation is closed, or the time is started anew, within `milliseconds`.
   * [advanced/rpc_call_timeout]
   */
  expireAfter(milliseconds: number, clock: Clock, expired: (invocation: Invocation) => void): void {
    const start = () => clock.after(milliseconds, () => expired(this));
    this.#timer = start();
    this.#restart = start;
  }

  /** A progressive result has come: the time until the next one begins. [advanced/rpc_progressive_call_results: timeouts] */
  restartTimer(): void {
    if (this.#restart === undefined) return;
    this.#timer?.cancel();
    this.#timer = this.#restart();
  }

  close(): void {
    this.#timer?.cancel();
    this.caller.calls.delete(this.call);
    this.callee.invocations.delete(this.request);
  }
}
