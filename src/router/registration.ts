import type { Id } from '../wamp/ids.ts';
import type { MatchPolicy, Uri } from '../wamp/uri.ts';
import type { Session } from './session.ts';

/** One callee of a registration, with what it asked for when it registered. */
export interface RegisteredCallee {
  readonly session: Session;
  /** It wants to know who calls. [advanced/rpc_caller_identification] */
  readonly discloseCaller: boolean;
  /** It wants to keep the time itself. [advanced/rpc_call_timeout] */
  readonly forwardTimeout: boolean;
}

/** A procedure or pattern and the sessions that answer for it. */
export class Registration {
  readonly id: Id<'registration'>;
  readonly procedure: Uri;
  readonly match: MatchPolicy;
  /** Wall-clock milliseconds. */
  readonly created: number;
  #callees: readonly RegisteredCallee[] = [];

  constructor(id: Id<'registration'>, procedure: Uri, match: MatchPolicy, created: number) {
    this.id = id;
    this.procedure = procedure;
    this.match = match;
    this.created = created;
  }

  /** In the order in which they registered. */
  get callees(): readonly RegisteredCallee[] {
    return this.#callees;
  }

  add(callee: RegisteredCallee): void {
    this.#callees = [...this.#callees, callee];
  }

  remove(session: Session): void {
    this.#callees = this.#callees.filter(callee => callee.session !== session);
  }

  /** The callee that answers the next call. */
  choose(): RegisteredCallee | undefined {
    return this.#callees[0];
  }
}
