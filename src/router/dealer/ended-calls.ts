import { BoundedMap } from '../../base/collections/bounded-map.ts';
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
  #procedures: BoundedMap<Id<'request'>, Uri> | undefined;

  /** Adds a call as the newest one. */
  add(request: Id<'request'>, procedure: Uri): void {
    this.#procedures ??= new BoundedMap<Id<'request'>, Uri>(MAX_REMEMBERED, MAX_TEXT, lengthOf);
    this.#procedures.set(request, procedure);
  }

  has(request: Id<'request'>, procedure: Uri): boolean {
    return this.#procedures !== undefined && this.#procedures.get(request) === procedure;
  }
}

function lengthOf({ length }: string): number {
  return length;
}
