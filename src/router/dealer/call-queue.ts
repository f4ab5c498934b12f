import type { RouterSession } from '../session/session.ts';
import type { CallRegistration, RouterCall } from './call.ts';

/**
 * The calls of one registration that wait for a free callee. Callers are served in turn, so a caller with many calls
 * does not delay others. The calls of one caller keep their order.
 */
export class CallQueue {
  readonly #byCaller = new Map<RouterSession, Set<RouterCall>>();
  #size = 0;
  /** Calls that some callees have declined. */
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

  /** Removes the next call that need not wait: a callee is free, or no callee is left for the call. */
  dequeue(registration: CallRegistration): RouterCall | undefined {
    // The answer is the same for all calls that no callee has declined, so most look-ups end here.
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

  /** Removes all calls. */
  dequeueAll(): readonly RouterCall[] {
    const all = [...this.#byCaller.values()].flatMap(calls => [...calls]);
    this.#byCaller.clear();
    this.#size = 0;
    this.#rerouted = 0;
    return all;
  }
}
