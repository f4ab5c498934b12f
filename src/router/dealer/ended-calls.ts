import type { Id } from '../../wamp/ids.ts';
import type { Uri } from '../../wamp/uri.ts';

/** Maximum number of calls. A time limit would not bound the memory. */
const MAX_REMEMBERED = 1000;

/** Maximum number of characters of all procedures together. */
const MAX_TEXT = 32 * 1024;

/**
 * The newest progressive calls of one caller that have ended or were refused. The dealer recognizes late parts of them.
 * [advanced/rpc_progressive_call_invocations: verification of CALL request ids]
 */
export class EndedCalls {
  #procedures: Map<Id<'request'>, Uri> | undefined;
  #text = 0;

  /** Adds a call as the newest one. */
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
