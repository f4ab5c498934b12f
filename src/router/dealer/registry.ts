import { ErrorUri, WampError } from '../../wamp/errors.ts';
import { asId, countingIds, type Id } from '../../wamp/ids.ts';
import { MessageType } from '../../wamp/messages/message-type.ts';
import type { RegisterMessage, UnregisterMessage } from '../../wamp/messages/messages.ts';
import { isReserved, type MatchPolicy, type Uri } from '../../wamp/uri.ts';
import { PatternTrie } from '../matching/pattern-trie.ts';
import type { Decision } from '../policy/authorizer.ts';
import type { InvocationPolicy } from '../requests/invocation-policy.ts';
import { concurrencyLimit, invocationPolicy } from '../requests/request-options.ts';
import type { RealmRules } from '../session/realm-rules.ts';
import type { Session } from '../session/session.ts';
import { isReturnOf } from '../session/takeover.ts';
import { Registration } from './registration.ts';

/** The registrations of one realm: who answers for what. [basic/remote_procedure_call], [advanced/rpc_shared_registration] */
export class Registry {
  readonly #context: RealmRules;
  readonly #changed: (registration: Registration) => void;
  readonly #byUri = new PatternTrie<Registration>();
  readonly #byId = new Map<Id<'registration'>, Registration>();
  readonly #ids = countingIds();

  /** `changed` is told when a registration has got or lost a callee, and everybody concerned has been told. */
  constructor(context: RealmRules, changed: (registration: Registration) => void) {
    this.#context = context;
    this.#changed = changed;
  }

  get size(): number {
    return this.#byId.size;
  }

  get all(): ReadonlyMap<Id<'registration'>, Registration> {
    return this.#byId;
  }

  /** What is registered under exactly this URI or pattern. */
  lookup(procedure: Uri, match: MatchPolicy): Registration | undefined {
    return this.#byUri.get(procedure, match);
  }

  /** What a call of `procedure` goes to. Refuses what is no URI. [advanced/rpc_pattern_based_registration] */
  match(procedure: Uri): Registration | undefined {
    // What is registered under exactly this URI was checked when it was registered.
    const exact = this.#byUri.get(procedure, 'exact');
    if (exact !== undefined) return exact;
    this.#context.checkUri(procedure);
    // A pattern, however wide, does not stand in for the protocol's own procedures.
    return isReserved(procedure) ? undefined : this.#byUri.best(procedure);
  }

  register(session: Session, { request, options, procedure }: RegisterMessage): void {
    const context = this.#context;
    const match = context.pattern(session, options, procedure);
    const decision = context.permit(session, 'register', procedure, match);
    const policy = invocationPolicy(options);
    const concurrency = concurrencyLimit(options);
    const force = options['force_reregister'] === true;
    const existing = this.#byUri.get(procedure, match);
    const displaced = existing !== undefined && this.#displaces(session, existing, force, decision);
    if (existing !== undefined && !displaced) refuseUnfit(existing, policy);
    const most = session.allowance?.limits.registrations ?? context.limits.registrationsPerSession;
    if (!session.speaksForRouter && session.registrations.size >= most) {
      throw new WampError(ErrorUri.LimitExceeded, ['this session has too many registrations']);
    }

    const shared = displaced ? undefined : existing;
    if (shared === undefined || !session.registrations.has(shared.id)) {
      context.takeName(session, procedure, match, shared === undefined);
    }
    if (displaced) this.#displace(existing);
    const registration = shared ?? this.#create(procedure, match, policy);
    // Said before a call can be routed: REGISTERED precedes every INVOCATION. [basic/security_model]
    session.link.send({ type: MessageType.Registered, request, registration: registration.id });
    // It has its part already, by the options it gave then.
    if (session.registrations.has(registration.id)) return;
    registration.add({
      session,
      discloseCaller: options['disclose_caller'] === true,
      forwardTimeout: options['forward_timeout'] === true && session.features.calleeTimeout,
      concurrency,
      inFlight: 0,
    });
    session.registrations.set(registration.id, registration);
    context.observer.onRegister?.(session, registration, shared === undefined);
    // What waited for those displaced finds the new callee.
    if (displaced) this.#changed(existing);
    this.#changed(registration);
  }

  unregister(session: Session, { request, registration: id }: UnregisterMessage): void {
    // Only what the session itself holds: another's registration does not exist for it.
    const registration = session.registrations.get(id);
    if (registration === undefined) {
      throw new WampError(ErrorUri.NoSuchRegistration, [`this session has no registration ${id}`]);
    }
    session.link.send({ type: MessageType.Unregistered, request, details: undefined });
    this.#detach(session, registration);
    this.#announce(session, registration);
    this.#changed(registration);
  }

  /** Ends a callee's part in a registration; whoever announced the feature is told. [advanced/rpc_registration_revocation] */
  revoke(session: Session, registration: Registration, reason: string): void {
    if (!session.registrations.has(registration.id)) return;
    this.#revoke(session, registration, reason);
    this.#changed(registration);
  }

  /** Takes a session that is gone out of every registration, so that nothing is routed to it any more. */
  leave(session: Session): readonly Registration[] {
    const left = [...session.registrations.values()];
    for (const registration of left) this.#detach(session, registration);
    return left;
  }

  /** The rest of `leave`, when nothing of the session's own is left: tells of it, and what waits finds other callees. */
  left(session: Session, registrations: readonly Registration[]): void {
    for (const registration of registrations) this.#announce(session, registration);
    for (const registration of registrations) this.#changed(registration);
  }

  /** Whether `session` may, and wants to, push off whoever is registered. */
  #displaces(session: Session, existing: Registration, force: boolean, decision: Decision): boolean {
    const [holder] = existing.callees;
    const returns =
      this.#context.takeover === 'same-authid' &&
      existing.policy === 'single' &&
      holder !== undefined &&
      isReturnOf(session, holder.session);
    if (returns || !force) return returns;
    const others = existing.callees.filter(callee => callee.session !== session);
    const allowed = decision.force === true && !others.some(callee => callee.session.speaksForRouter);
    if (others.length === 0 || allowed) return true;
    throw new WampError(ErrorUri.OptionNotAllowed, ['force_reregister is not allowed here']);
  }

  #displace(registration: Registration): void {
    const reason = 'another callee has taken the procedure over';
    for (const { session } of registration.callees) this.#revoke(session, registration, reason);
  }

  #revoke(session: Session, registration: Registration, reason: string): void {
    if (session.features.calleeRevocation) {
      const details = { registration: registration.id, reason };
      session.link.send({ type: MessageType.Unregistered, request: asId<'request'>(0), details });
    }
    this.#detach(session, registration);
    this.#announce(session, registration);
  }

  #create(procedure: Uri, match: MatchPolicy, policy: InvocationPolicy): Registration {
    const { clock, random } = this.#context;
    const id = asId<'registration'>(this.#ids());
    const registration = new Registration(id, procedure, match, policy, clock.now(), random);
    this.#byUri.set(procedure, match, registration);
    this.#byId.set(id, registration);
    return registration;
  }

  #detach(session: Session, registration: Registration): void {
    session.registrations.delete(registration.id);
    registration.remove(session);
    const { procedure, match, callees } = registration;
    this.#context.giveName(session, procedure, match, callees.length === 0);
    if (callees.length > 0) return;
    this.#byUri.delete(registration.procedure, registration.match);
    this.#byId.delete(registration.id);
  }

  #announce(session: Session, registration: Registration): void {
    this.#context.observer.onUnregister?.(session, registration, registration.callees.length === 0);
  }
}

/** A further callee has to be of the policy that the first has set. [advanced/rpc_shared_registration] */
function refuseUnfit({ procedure, policy }: Registration, wanted: InvocationPolicy): void {
  const unfit = (why: string) => new WampError(ErrorUri.ProcedureAlreadyExists, [`${procedure} is registered ${why}`]);
  if (policy === 'single') throw unfit('already');
  if (policy !== wanted) throw unfit(`with invoke ${policy}`);
}
