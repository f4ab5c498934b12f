import type { Id } from '../../wamp/ids.ts';
import type { MatchPolicy, Uri } from '../../wamp/uri.ts';
import type { InvocationPolicy } from '../requests/request-options.ts';
import type { RouterSession } from '../session/session.ts';

/** One callee of a registration, with its options of REGISTER. */
export interface RegisteredCallee {
  readonly session: RouterSession;
  /** Whether the callee asks for the identity of callers. [advanced/rpc_caller_identification] */
  readonly discloseCaller: boolean;
  /** Whether the callee measures timeouts itself. [advanced/rpc_call_timeout] */
  readonly forwardTimeout: boolean;
  /** Maximum number of open invocations of this registration. Infinity if the callee set none. */
  readonly concurrency: number;
  /** Open invocations. */
  inFlight: number;
}

/** All callees have reached their concurrency. */
export const BUSY = 'busy';

/** A procedure or pattern with its callees. [advanced/rpc_shared_registration] */
export class RouterRegistration<Callee extends RegisteredCallee = RegisteredCallee> {
  readonly id: Id<'registration'>;
  readonly procedure: Uri;
  readonly match: MatchPolicy;
  /** Set by the first callee. */
  readonly policy: InvocationPolicy;
  /** Wall-clock milliseconds. */
  readonly created: number;
  readonly #random: () => number;
  #callees: readonly Callee[] = [];
  /** Round robin: index of the next callee. */
  #turn = 0;

  /** `random` is from 0 to 1, as `Math.random`. */
  constructor(
    id: Id<'registration'>,
    procedure: Uri,
    match: MatchPolicy,
    policy: InvocationPolicy,
    created: number,
    random: () => number,
  ) {
    this.id = id;
    this.procedure = procedure;
    this.match = match;
    this.policy = policy;
    this.created = created;
    this.#random = random;
  }

  /** In the order in which they registered. */
  get callees(): readonly Callee[] {
    return this.#callees;
  }

  add(callee: Callee): void {
    this.#callees = [...this.#callees, callee];
  }

  remove(session: RouterSession): void {
    const index = this.#callees.findIndex(callee => callee.session === session);
    if (index < 0) return;
    this.#callees = this.#callees.filter(callee => callee.session !== session);
    if (index < this.#turn) this.#turn--;
  }

  /**
   * Chooses the callee of the next call. `BUSY` if the call has to wait, undefined if no callee is left. `tried` are
   * the callees that have declined the call. [advanced/rpc_call_rerouting]
   */
  choose(tried: ReadonlySet<Callee> | undefined): Callee | typeof BUSY | undefined {
    const { policy } = this;
    if (policy === 'roundrobin') return this.#next(tried);
    if (policy === 'random') return this.#any(tried);
    const callee = this.#selected(tried);
    return callee === undefined || isFree(callee) ? callee : BUSY;
  }

  /** Whether `choose` would return `BUSY` now. */
  isBusy(tried: ReadonlySet<Callee> | undefined): boolean {
    if (this.policy === 'roundrobin' || this.policy === 'random') {
      const able = this.#callees.filter(callee => tried?.has(callee) !== true);
      return able.length > 0 && !able.some(isFree);
    }
    const callee = this.#selected(tried);
    return callee !== undefined && !isFree(callee);
  }

  /**
   * The callee that policy `first`, `last` or `single` selects. Calls wait while it is busy; another callee is used
   * only after it leaves.
   */
  #selected(tried: ReadonlySet<Callee> | undefined): Callee | undefined {
    const callees = this.#callees;
    if (tried === undefined) return this.policy === 'last' ? callees.at(-1) : callees[0];
    const isLeft = (callee: Callee): boolean => !tried.has(callee);
    return this.policy === 'last' ? callees.findLast(isLeft) : callees.find(isLeft);
  }

  #next(tried: ReadonlySet<Callee> | undefined): Callee | typeof BUSY | undefined {
    const callees = this.#callees;
    let outcome: typeof BUSY | undefined;
    for (let step = 0; step < callees.length; step++) {
      const index = (this.#turn + step) % callees.length;
      const callee = callees[index];
      if (callee === undefined || tried?.has(callee) === true) continue;
      if (isFree(callee)) {
        this.#turn = index + 1;
        return callee;
      }
      outcome = BUSY;
    }
    return outcome;
  }

  #any(tried: ReadonlySet<Callee> | undefined): Callee | typeof BUSY | undefined {
    const able = tried === undefined ? this.#callees : this.#callees.filter(callee => !tried.has(callee));
    const free = able.every(isFree) ? able : able.filter(isFree);
    if (free.length > 0) return free[Math.floor(this.#random() * free.length)];
    return able.length > 0 ? BUSY : undefined;
  }
}

function isFree({ inFlight, concurrency }: RegisteredCallee): boolean {
  return inFlight < concurrency;
}
