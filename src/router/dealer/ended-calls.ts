import type { Id } from '../../wamp/ids.ts';
import type { Uri } from '../../wamp/uri.ts';

/** How many are remembered: the bound that a grace period in time would not be. */
const MAX_REMEMBERED = 1000;

/** Characters of their procedures together, as each may be long. */
const MAX_TEXT = 32 * 1024;

/**
 * The progressive calls of one caller that have ended or never came about, the last thousand: parts of them that were
 * on their way are known for what they are. [advanced/rpc_progressive_call_invocations: verification of CALL request ids]
 */
export class EndedCalls {
  #procedures: Map<Id<'request'>, Uri> | undefined;
  #text = 0;

  /** As the latest of all. */
  add(request: Id<'request'>, procedure: Uri): void {
    this.#procedures ??= new Map();
    const procedures = this.#procedures;
    this.#forget(procedures, request);
    this.#text += procedure.length;
    procedures.set(request, procedure);
    for (const oldest of procedures.keys()) {
      if (procedures.size <= MAX_REMEMBERED && this.#text <= MAX_TEXT) break;
      this.#forget(procedures, oldest);
    }
  }

  has(request: Id<'request'>, procedure: Uri): boolean {
    return this.#procedures !== undefined && this.#procedures.get(request) === procedure;
  }
  #forget(procedures: Map<Id<'request'>, Uri>, request: Id<'request'>): void {
    this.#text -= procedures.get(request)?.length ?? 0;
    procedures.delete(request);
  }
}
