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

/** The registrations of one realm. [basic/remote_procedure_call], [advanced/rpc_shared_registration] */
export class Registry {
  readonly #rules: RealmRules;
  readonly #changed: (registration: CallRegistration) => void;
  readonly #byUri = new PatternTrie<CallRegistration>();
  readonly #byId = new Map<Id<'registration'>, CallRegistration>();
  readonly #ids = countingIds();

  /** `changed` is called after a registration has gained or lost a callee and the observer has been notified. */
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

  /** The registration of exactly this URI or pattern. */
  lookup(procedure: Uri, match: MatchPolicy): CallRegistration | undefined {
    return this.#byUri.get(procedure, match);
  }

  /**
   * The registration that a call of `procedure` reaches. Throws `invalid_uri`.
   * [advanced/rpc_pattern_based_registration]
   */
  match(procedure: Uri): CallRegistration | undefined {
    // A registered URI has been checked before.
    const exact = this.#byUri.get(procedure, 'exact');
    if (exact !== undefined) return exact;
    this.#rules.checkUri(procedure);
    // A pattern never matches procedures of the namespace `wamp`.
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
    if (existing !== undefined && !displaced) refuseOtherPolicy(existing, policy);
    const most = session.quota?.limits.registrations ?? rules.limits.registrationsPerSession;
    if (!session.isRouterSession && registrations.size >= most) {
      throw new WampError(ErrorUri.LimitExceeded, [`a session may have at most ${most} registrations`]);
    }

    const shared = displaced ? undefined : existing;
    if (shared === undefined || !registrations.has(shared.id)) {
      rules.reserveName(session, procedure, match, shared === undefined);
    }
    if (displaced) this.#displace(existing);
    const registration = shared ?? this.#create(procedure, match, policy);
    // Sent before a call can be routed: REGISTERED precedes every INVOCATION. [basic/security_model]
    session.link.send({ type: MessageType.Registered, request, registration: registration.id });
    // The session is a callee already. The options of its first REGISTER remain.
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
    // Calls that waited for the displaced callees go to the new one.
    if (displaced) this.#changed(existing);
    this.#changed(registration);
  }

  unregister(party: CallTables, { request, registration: id }: UnregisterMessage): void {
    // A session cannot end the registration of another session.
    const { session, registrations } = party;
    const registration = registrations.get(id);
    if (registration === undefined) {
      throw new WampError(ErrorUri.NoSuchRegistration, [`this session does not have registration ${id}`]);
    }
    session.link.send({ type: MessageType.Unregistered, request, details: undefined });
    this.#detach(party, registration);
    this.#announce(session, registration);
    this.#changed(registration);
  }

  /**
   * Removes a callee from a registration. The callee receives UNREGISTERED if it announced the feature.
   * [advanced/rpc_registration_revocation]
   */
  revoke(party: CallTables, id: Id<'registration'>, reason: string): boolean {
    const registration = party.registrations.get(id);
    if (registration === undefined) return false;
    this.#revoke(party, registration, reason);
    this.#changed(registration);
    return true;
  }

  /** Removes a session that has left from all registrations, so that no call is routed to it. */
  leave(party: CallTables): readonly CallRegistration[] {
    const left = [...party.registrations.values()];
    for (const registration of left) this.#detach(party, registration);
    return left;
  }

  /** Completes `leave` after the calls of the session have ended: notifies the observer and places waiting calls. */
  left(session: RouterSession, registrations: readonly CallRegistration[]): void {
    for (const registration of registrations) this.#announce(session, registration);
    for (const registration of registrations) this.#changed(registration);
  }

  /** Whether `session` displaces the existing callees. Throws if it asks for that without permission. */
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
    throw new WampError(ErrorUri.OptionNotAllowed, ['this session is not allowed to use force_reregister']);
  }

  #displace(registration: CallRegistration): void {
    const reason = 'another callee has taken over the procedure';
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

/**
 * Whether both sessions have the same authid from the same provider, so that `session` is a reconnection of `other`.
 */
function isReturnOf(session: RouterSession, other: RouterSession): boolean {
  const [now, before] = [session.principal, other.principal];
  if (session === other || other.internal) return false;
  return now.authid === before.authid && now.authprovider === before.authprovider;
}

/** Throws unless a further callee requests the policy of the first one. [advanced/rpc_shared_registration] */
function refuseOtherPolicy({ procedure, policy }: CallRegistration, wanted: InvocationPolicy): void {
  const refusal = (why: string) =>
    new WampError(ErrorUri.ProcedureAlreadyExists, [`${procedure} is registered ${why}`]);
  if (policy === 'single') throw refusal('already');
  if (policy !== wanted) throw refusal(`with invoke ${policy}`);
}
