import { ErrorUri, WampError } from '../../wamp/errors.ts';
import { asId, countingIds, type Id } from '../../wamp/ids.ts';
import { MessageType } from '../../wamp/messages/message-type.ts';
import type { RegisterMessage, UnregisterMessage } from '../../wamp/messages/messages.ts';
import { isReserved, type MatchPolicy, type Uri } from '../../wamp/uri.ts';
import { PatternTrie } from '../matching/pattern-trie.ts';
import type { Decision } from '../policy/authorizer.ts';
import { concurrencyLimit, type InvocationPolicy, invocationPolicyOf } from '../requests/request-options.ts';
import type { RealmRules } from '../session/realm-rules.ts';
import type { RouterSession } from '../session/session.ts';
import type { CallCallee, CallRegistration, CallTables } from './call.ts';
import { RouterRegistration } from './registration.ts';

/** The registrations of one realm: who answers for what. [basic/remote_procedure_call], [advanced/rpc_shared_registration] */
export class Registry {
  readonly #rules: RealmRules;
  readonly #changed: (registration: CallRegistration) => void;
  readonly #byUri = new PatternTrie<CallRegistration>();
  readonly #byId = new Map<Id<'registration'>, CallRegistration>();
  readonly #ids = countingIds();

  /** `changed` is told when a registration has got or lost a callee, and everybody concerned has been told. */
  constructor(rules: RealmRules, changed: (registration: CallRegistration) => void) {
    this.#rules = rules;
    this.#changed = changed;
  }

  get size(): number {
    return this.#byId.size;
  }

  get all(): ReadonlyMap<Id<'registration'>, CallRegistration> {
    return this.#byId;
  }

  /** What is registered under exactly this URI or pattern. */
  lookup(procedure: Uri, match: MatchPolicy): CallRegistration | undefined {
    return this.#byUri.get(procedure, match);
  }

  /** What a call of `procedure` goes to. Refuses what is no URI. [advanced/rpc_pattern_based_registration] */
  match(procedure: Uri): CallRegistration | undefined {
    // What is registered under exactly this URI was checked when it was registered.
    const exact = this.#byUri.get(procedure, 'exact');
    if (exact !== undefined) return exact;
    this.#rules.checkUri(procedure);
    // A pattern, however wide, does not stand in for the protocol's own procedures.
    return isReserved(procedure) ? undefined : this.#byUri.best(procedure);
  }

  register(party: CallTables, { request, options, procedure }: RegisterMessage): void {
    const { session, registrations } = party;
    const rules = this.#rules;
    const match = rules.pattern(session, options, procedure);
    const decision = rules.permit(session, 'register', procedure, match);
    const policy = invocationPolicyOf(options);
    const concurrency = concurrencyLimit(options);
    const force = options['force_reregister'] === true;
    const existing = this.#byUri.get(procedure, match);
    const displaced = existing !== undefined && this.#displaces(session, existing, force, decision);
    if (existing !== undefined && !displaced) refuseUnfit(existing, policy);
    const most = session.quota?.limits.registrations ?? rules.limits.registrationsPerSession;
    if (!session.isRouterSession && registrations.size >= most) {
      throw new WampError(ErrorUri.LimitExceeded, ['this session has too many registrations']);
    }

    const shared = displaced ? undefined : existing;
    if (shared === undefined || !registrations.has(shared.id)) {
      rules.reserveName(session, procedure, match, shared === undefined);
    }
    if (displaced) this.#displace(existing);
    const registration = shared ?? this.#create(procedure, match, policy);
    // Said before a call can be routed: REGISTERED precedes every INVOCATION. [basic/security_model]
    session.link.send({ type: MessageType.Registered, request, registration: registration.id });
    // It has its part already, by the options it gave then.
    if (registrations.has(registration.id)) return;
    registration.add({
      session,
      tables: party,
      discloseCaller: options['disclose_caller'] === true,
      forwardTimeout: options['forward_timeout'] === true && session.features.calleeTimeout,
      concurrency,
      inFlight: 0,
    });
    registrations.set(registration.id, registration);
    rules.observer.onRegister?.(session, registration, shared === undefined);
    // What waited for those displaced finds the new callee.
    if (displaced) this.#changed(existing);
    this.#changed(registration);
  }

  unregister(party: CallTables, { request, registration: id }: UnregisterMessage): void {
    // Only what the session itself holds: another's registration does not exist for it.
    const { session, registrations } = party;
    const registration = registrations.get(id);
    if (registration === undefined) {
      throw new WampError(ErrorUri.NoSuchRegistration, [`this session has no registration ${id}`]);
    }
    session.link.send({ type: MessageType.Unregistered, request, details: undefined });
    this.#detach(party, registration);
    this.#announce(session, registration);
    this.#changed(registration);
  }

  /** Ends a callee's part in a registration; whoever announced the feature is told. [advanced/rpc_registration_revocation] */
  revoke(party: CallTables, id: Id<'registration'>, reason: string): boolean {
    const registration = party.registrations.get(id);
    if (registration === undefined) return false;
    this.#revoke(party, registration, reason);
    this.#changed(registration);
    return true;
  }

  /** Takes a session that is gone out of every registration, so that nothing is routed to it any more. */
  leave(party: CallTables): readonly CallRegistration[] {
    const left = [...party.registrations.values()];
    for (const registration of left) this.#detach(party, registration);
    return left;
  }

  /** The rest of `leave`, when nothing of the session's own is left: tells of it, and what waits finds other callees. */
  left(session: RouterSession, registrations: readonly CallRegistration[]): void {
    for (const registration of registrations) this.#announce(session, registration);
    for (const registration of registrations) this.#changed(registration);
  }

  /** Whether `session` may, and wants to, push off whoever is registered. */
  #displaces(session: RouterSession, existing: CallRegistration, force: boolean, decision: Decision): boolean {
    const [holder] = existing.callees;
    const returns =
      this.#rules.takeover === 'same-authid' &&
      existing.policy === 'single' &&
      holder !== undefined &&
      isReturnOf(session, holder.session);
    if (returns || !force) return returns;
    const others = existing.callees.filter(callee => callee.session !== session);
    const allowed = decision.force === true && !others.some(callee => callee.session.isRouterSession);
    if (others.length === 0 || allowed) return true;
    throw new WampError(ErrorUri.OptionNotAllowed, ['force_reregister is not allowed here']);
  }

  #displace(registration: CallRegistration): void {
    const reason = 'another callee has taken the procedure over';
    for (const { tables } of registration.callees) this.#revoke(tables, registration, reason);
  }

  #revoke(party: CallTables, registration: CallRegistration, reason: string): void {
    const { session } = party;
    if (session.features.calleeRevocation) {
      const details = { registration: registration.id, reason };
      session.link.send({ type: MessageType.Unregistered, request: asId<'request'>(0), details });
    }
    this.#detach(party, registration);
    this.#announce(session, registration);
  }

  #create(procedure: Uri, match: MatchPolicy, policy: InvocationPolicy): CallRegistration {
    const { clock, random } = this.#rules;
    const id = asId<'registration'>(this.#ids());
    const registration = new RouterRegistration<CallCallee>(id, procedure, match, policy, clock.now(), random);
    this.#byUri.set(procedure, match, registration);
    this.#byId.set(id, registration);
    return registration;
  }

  #detach(party: CallTables, registration: CallRegistration): void {
    const { session } = party;
    party.registrations.delete(registration.id);
    registration.remove(session);
    const { procedure, match, callees } = registration;
    this.#rules.releaseName(session, procedure, match, callees.length === 0);
    if (callees.length > 0) return;
    this.#byUri.delete(registration.procedure, registration.match);
    this.#byId.delete(registration.id);
  }

  #announce(session: RouterSession, registration: CallRegistration): void {
    this.#rules.observer.onUnregister?.(session, registration, registration.callees.length === 0);
  }
}

/** Whether both sessions have the same authid from the same provider, so that `session` is a reconnection of `other`. */
function isReturnOf(session: RouterSession, other: RouterSession): boolean {
  const [now, before] = [session.principal, other.principal];
  if (session === other || other.internal) return false;
  return now.authid === before.authid && now.authprovider === before.authprovider;
}

/** A further callee has to be of the policy that the first has set. [advanced/rpc_shared_registration] */
function refuseUnfit({ procedure, policy }: CallRegistration, wanted: InvocationPolicy): void {
  const unfit = (why: string) => new WampError(ErrorUri.ProcedureAlreadyExists, [`${procedure} is registered ${why}`]);
  if (policy === 'single') throw unfit('already');
  if (policy !== wanted) throw unfit(`with invoke ${policy}`);
}
