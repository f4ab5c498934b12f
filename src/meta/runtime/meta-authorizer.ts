import type { LinkInfo } from '../../link/link.ts';
import {
  type Action,
  ALLOW,
  type Authorizer,
  DENY,
  type Decision,
  type SessionView,
} from '../../router/policy/authorizer.ts';
import { isReserved, type MatchPolicy, type Uri } from '../../wamp/uri.ts';
import { isMetaUri } from '../events/meta-uris.ts';

/** Programs of this machine, everybody, nobody, or those in one of these roles. */
export type MetaAccess = 'loopback' | 'any' | 'none' | readonly string[];

/** Who may use the meta API of a realm. */
export interface MetaPolicy {
  /** See sessions, subscriptions and registrations, and be told of changes. */
  readonly read: MetaAccess;
  /** End sessions, revoke what they hold, change what is said of them. */
  readonly control: MetaAccess;
}

export const defaultMetaPolicy: MetaPolicy = Object.freeze({ read: 'loopback', control: 'none' });

/** Allowed to everybody: they concern the caller alone, or ask for permission themselves. */
const open: ReadonlySet<string> = new Set([
  'wamp.session.add_testament',
  'wamp.session.flush_testaments',
  'wamp.subscription.get_events',
]);

const controlling: ReadonlySet<string> = new Set([
  'wamp.session.kill',
  'wamp.session.kill_by_authid',
  'wamp.session.kill_by_authrole',
  'wamp.session.kill_all',
  'wamp.session.modify_details',
  'wampway.subscription.revoke',
  'wampway.registration.revoke',
]);

/** Procedures of the gateway and of bridges, by their names. */
const controllingVerb = /\.(kick|revoke)$|^wampway\.pairing\./;

/** Decides over the router's own topics and procedures by the policy of the realm, and asks another for all the rest. */
export class MetaAuthorizer implements Authorizer {
  readonly #policyOf: (realm: string) => MetaPolicy;
  readonly #inner: Authorizer;
  /** The other's, where it has any; what this one knows, it knows at once. */
  readonly prepare: Authorizer['prepare'];

  constructor(policyOf: (realm: string) => MetaPolicy, inner: Authorizer) {
    this.#policyOf = policyOf;
    this.#inner = inner;
    if (inner.prepare === undefined) return;
    this.prepare = (session, action, uri, match) =>
      isMetaUri(uri) ? undefined : inner.prepare?.(session, action, uri, match);
  }

  /** The other's: what `policyOf` says of a realm stays. */
  get version(): number | undefined {
    return this.#inner.version;
  }

  decide(session: SessionView, action: Action, uri: Uri, match: MatchPolicy): Decision {
    if (!isMetaUri(uri)) return this.#inner.decide(session, action, uri, match);
    // Whoever could speak here would speak for the router. What the gateway adds, a bridge of it may say.
    if (action === 'publish' || action === 'register') return isBridgesOwn(session, uri) ? ALLOW : DENY;
    if (action === 'call' && open.has(uri)) return ALLOW;
    const { read, control } = this.#policyOf(session.realm);
    const access = action === 'call' && controls(uri) ? control : read;
    return includes(access, session) ? ALLOW : DENY;
  }
}

function controls(uri: Uri): boolean {
  return controlling.has(uri) || controllingVerb.test(uri);
}

/** A bridge's own session, not a device's. */
function isBridgesOwn({ linkInfo }: SessionView, uri: Uri): boolean {
  return linkInfo.internal === 'service' && !isReserved(uri);
}

function includes(access: MetaAccess, { principal, linkInfo }: SessionView): boolean {
  if (access === 'any') return true;
  if (access === 'none') return false;
  if (access === 'loopback') return isProgramOfThisMachine(linkInfo);
  return access.includes(principal.authrole);
}

/**
 * What comes by a bridge is a device, wherever it is itself: its link lies within this process, or carries the terms of its
 * bridge (`LinkInfo.device`, for devices that speak WAMP).
 */
function isProgramOfThisMachine({ loopback, transport, device }: LinkInfo): boolean {
  return loopback && transport !== 'local' && device === undefined;
}
