import type { Id } from '../wamp/ids.ts';
import type { Uri } from '../wamp/uri.ts';

/** How many are remembered: the bound that a grace period in time would not be. */
const MAX_REMEMBERED = 1000;

/**
 * The progressive calls of one caller that have ended or never came about, the last thousand: parts of them that were
 * on their way are known for what they are. [advanced/rpc_progressive_call_invocations: verification of CALL request ids]
 */
export class EndedCalls {
  #procedures: Map<Id<'request'>, Uri> | undefined;

  /** As the latest of all. */
  add(request: Id<'request'>, procedure: Uri): void {
    this.#procedures ??= new Map();
    const procedures = this.#procedures;
    procedures.delete(request);
    if (procedures.size >= MAX_REMEMBERED) {
      const oldest = procedures.keys().next();
      if (oldest.done !== true) procedures.delete(oldest.value);
    }
    procedures.set(request, procedure);
  }

  has(request: Id<'request'>, procedure: Uri): boolean {
    return this.#procedures !== undefined && this.#procedures.get(request) === procedure;
  }
}
