import { silentLogger } from '../../src/base/logger.ts';
import { MetaApi } from '../../src/meta/meta-api.ts';
import type { MetaPolicy } from '../../src/meta/runtime/meta-authorizer.ts';
import type { HistoryOptions } from '../../src/router/broker/broker.ts';
import type { Authenticator, AuthStep } from '../../src/router/policy/authenticator.ts';
import { ALLOW, type Authorizer, DENY } from '../../src/router/policy/authorizer.ts';
import { Router } from '../../src/router/router.ts';
import type { Dict } from '../../src/wamp/dict.ts';
import { ErrorUri } from '../../src/wamp/errors.ts';
import { asId, countingIds } from '../../src/wamp/ids.ts';
import { FakeClock } from './fake-clock.ts';

/**
 * Admits every client as HELLO.Details.authid and .authrole say. Method `ticket` asks for the ticket `secret`, method
 * `broken` fails, and method `never` does not decide.
 */
const claimed: Authenticator = {
  begin({ details, session }): AuthStep | Promise<AuthStep> {
    const methods = details['authmethods'];
    const method = Array.isArray(methods) ? methods[0] : undefined;
    if (method === 'broken') throw new Error('out of order');
    if (method === 'never') return new Promise(() => {});
    if (method !== 'ticket') return welcome(details, 'anonymous');
    return {
      challenge: { method: 'ticket', extra: { session } },
      answer: async ({ signature }) =>
        signature === 'secret'
          ? { ...welcome(details, 'ticket'), extra: { shelf: 7 } }
          : { abort: ErrorUri.AuthenticationDenied, message: 'wrong ticket' },
    };
  },
};

function welcome({ authid, authrole }: Dict, authmethod: string): { welcome: AuthStepPrincipal } {
  const name = typeof authid === 'string' ? authid : 'somebody';
  const role = typeof authrole === 'string' ? authrole : 'anonymous';
  return { welcome: { authid: name, authrole: role, authmethod, authprovider: 'static' } };
}

type AuthStepPrincipal = Extract<AuthStep, { welcome: unknown }>['welcome'];

/**
 * By the first component: `denied.` is not allowed, `broken.` fails, `masked.` hides and `open.` discloses the peer,
 * and `trusted.` gives a trust level: 2 for staff and 0 for others.
 */
const authorizer: Authorizer = {
  decide({ principal }, _action, uri) {
    if (uri.startsWith('denied.')) return DENY;
    if (uri.startsWith('broken.')) throw new Error('out of order');
    if (uri.startsWith('masked.')) return { verdict: 'allow', disclose: 'never' };
    if (uri.startsWith('open.')) return { verdict: 'allow', disclose: 'always' };
    if (uri.startsWith('trusted.')) return { ...ALLOW, trustlevel: principal.authrole === 'staff' ? 2 : 0 };
    return ALLOW;
  },
};

/** The random choice: the last of three, the first, the middle one, and so on. */
const chances = [0.9, 0, 0.5];

/** Roles other than guest may read. Fewer may control. */
const policy: MetaPolicy = {
  read: ['anonymous', 'admin', 'watcher'],
  control: ['anonymous', 'admin'],
};

const history: readonly HistoryOptions[] = [
  { topic: 'com.app.log', match: 'exact' },
  { topic: 'com.app.', match: 'prefix' },
  { topic: 'com..level', match: 'wildcard' },
  { topic: 'denied.log', match: 'exact' },
];

/** Ids of the meta API's sessions count from here, one for each realm. Ids of clients count from 1. */
const META_SESSION = 899;

export interface TranscriptRouter {
  readonly router: Router;
  readonly clock: FakeClock;
  startMeta(): Promise<void>;
}

/** The router of every transcript, and its clock. Ids count from 1, and limits are small. */
export function transcriptRouter(authenticator: Authenticator = claimed): TranscriptRouter {
  const clock = new FakeClock();
  const meta = new MetaApi({
    clock,
    log: silentLogger,
    authorizer,
    policies: new Map([
      ['realm1', policy],
      ['recorded', policy],
    ]),
  });
  const [clientIds, metaIds] = [countingIds(), countingIds()];
  let ofMeta = false;
  let drawn = 0;
  const router = new Router({
    realms: [
      { name: 'realm1', uri: 'loose' },
      { name: 'returning', uri: 'loose', takeover: 'same-authid' },
      { name: 'strict', uri: 'strict' },
      { name: 'recorded', uri: 'loose', history },
    ],
    authenticator,
    authorizer: meta.authorizer,
    observer: meta.observer,
    clock,
    log: silentLogger,
    sessionIds: () => (ofMeta ? META_SESSION + metaIds() : clientIds()),
    publicationIds: countingIds(),
    random: () => chances[drawn++ % chances.length] ?? 0,
    agent: 'wampway-test',
    limits: {
      waitingCallsPerRegistration: 2,
      keptCallBytes: 1000,
      subscriptionsPerSession: 4,
      registrationsPerSession: 4,
      callsPerSession: 4,
      sessions: 6,
      uriLength: 200,
    },
  });
  const startMeta = async (): Promise<void> => {
    ofMeta = true;
    await meta.start(router);
    ofMeta = false;
  };
  return { router, clock, startMeta };
}

/** Revokes a subscription of a session on realm1. */
export function revokeIn(router: Router, session: number, subscription: number, reason: string | undefined): void {
  const realm = router.realm('realm1');
  const holder = realm?.session(asId(session));
  if (holder === undefined || realm?.revokeSubscription(holder, asId(subscription), reason) !== true) {
    throw new Error(`session ${session} has no subscription ${subscription}`);
  }
}
