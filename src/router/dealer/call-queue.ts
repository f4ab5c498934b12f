import type { RouterSession } from '../session/session.ts';
import type { CallRegistration, RouterCall } from './call.ts';

/**
 * The calls of one registration that wait for a callee that is free. Callers take turns, so that one with a thousand
 * calls does not hold up another with one; the calls of one caller keep their order.
 */
export class CallQueue {
  readonly #byCaller = new Map<RouterSession, Set<RouterCall>>();
  #size = 0;
  /** Those for which some callees do not exist any more. */
  #rerouted = 0;

  get size(): number {
    return this.#size;
  }

  add(call: RouterCall): void {
    const calls = this.#byCaller.get(call.caller);
    if (calls === undefined) this.#byCaller.set(call.caller, new Set([call]));
    else calls.add(call);
    this.#size++;
    if (call.tried !== undefined) this.#rerouted++;
  }

  delete(call: RouterCall): void {
    const calls = this.#byCaller.get(call.caller);
    if (calls?.delete(call) !== true) return;
    if (calls.size === 0) this.#byCaller.delete(call.caller);
    this.#size--;
    if (call.tried !== undefined) this.#rerouted--;
  }

  /** Takes out the next call that need not wait any more: there is a callee for it, or there will never be one. */
  dequeue(registration: CallRegistration): RouterCall | undefined {
    // One answer for nearly all of them: the queue is not gone through for nothing.
    const busy = registration.isBusy(undefined);
    if (busy && this.#rerouted === 0) return undefined;
    for (const [caller, calls] of this.#byCaller) {
      for (const call of calls) {
        if (call.tried === undefined ? busy : registration.isBusy(call.tried)) continue;
        this.delete(call);
        if (calls.size > 0) {
          this.#byCaller.delete(caller);
          this.#byCaller.set(caller, calls);
        }
        return call;
      }
    }
    return undefined;
  }

  /** Takes out all. */
  dequeueAll(): readonly RouterCall[] {
    const all = [...this.#byCaller.values()].flatMap(calls => [...calls]);
    this.#byCaller.clear();
    this.#size = 0;
    this.#rerouted = 0;
    return all;
  }
}
