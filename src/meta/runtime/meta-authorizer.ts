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

/** Programs of this machine, every session, no session, or sessions with one of these roles. */
export type MetaAccess = 'loopback' | 'any' | 'none' | readonly string[];

/** Access to the meta API of a realm. */
export interface MetaPolicy {
  /** Read sessions, subscriptions and registrations, and subscribe to meta events. */
  readonly read: MetaAccess;
  /** End sessions, revoke subscriptions and registrations, and change session details. */
  readonly control: MetaAccess;
}

export const defaultMetaPolicy: MetaPolicy = Object.freeze({ read: 'loopback', control: 'none' });

/** Allowed for every session: they concern the caller only, or check permissions themselves. */
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

/** Procedures of the gateway and of bridges, by name. */
const controllingVerb = /\.(kick|revoke)$|^wampway\.pairing\./;

/**
 * Applies the realm's policy to the router's own topics and procedures, and asks another authorizer about all others.
 */
export class MetaAuthorizer implements Authorizer {
  readonly #policyOf: (realm: string) => MetaPolicy;
  readonly #inner: Authorizer;
  /** The wrapped authorizer's `prepare`, if it has one. Meta rules need no preparation. */
  readonly prepare: Authorizer['prepare'];

  constructor(policyOf: (realm: string) => MetaPolicy, inner: Authorizer) {
    this.#policyOf = policyOf;
    this.#inner = inner;
    if (inner.prepare === undefined) return;
    this.prepare = (session, action, uri, match) =>
      isMetaUri(uri) ? undefined : inner.prepare?.(session, action, uri, match);
  }

  /** The wrapped authorizer's version. The policy of a realm does not change. */
  get version(): number | undefined {
    return this.#inner.version;
  }

  decide(session: SessionView, action: Action, uri: Uri, match: MatchPolicy): Decision {
    if (!isMetaUri(uri)) return this.#inner.decide(session, action, uri, match);
    // Meta URIs may be published and registered by the router only, except the gateway's own, which a bridge's service
    // session may use.
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

/** A bridge's own session, not that of a device. */
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
 * A session of a bridge is a device, even if the link is local. Its link is within this process, or carries the terms
 * of its bridge (`LinkInfo.device`, for devices that speak WAMP).
 */
function isProgramOfThisMachine({ loopback, transport, device }: LinkInfo): boolean {
  return loopback && transport !== 'local' && device === undefined;
}
