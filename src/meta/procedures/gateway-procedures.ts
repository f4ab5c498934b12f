import type { Clock } from '../../base/clock.ts';
import type { PrincipalQuota } from '../../router/quota/principal-quota.ts';
import type { RealmView } from '../../router/realm/realm-view.ts';
import type { RouterSession } from '../../router/session/session.ts';
import type { Dict } from '../../wamp/dict.ts';
import { ErrorUri, WampError } from '../../wamp/errors.ts';
import { isClientRegistration, isClientSubscription, sessionDetails } from '../events/details.ts';
import { inSteps, type MetaProcedures, type MetaSteps } from '../runtime/meta-procedure.ts';
import { countArgument, idArgument, isAbsent, textArgument } from './meta-arguments.ts';
import { clientRegistration } from './registration-procedures.ts';
import { clientSession, inRoles } from './session-procedures.ts';
import { SessionRates } from './session-rates.ts';

/** The page size of wampway.session.list. */
const PAGE = 1000;
const MAX_PAGE = 10_000;

/**
 * The cost of one session in the list, in units of `MetaSteps`; and the number of skipped sessions that cost one unit.
 */
const ROW_COST = 3;
const SKIPPED_RUN = 100;

/** wampway.*: information and control beyond the specification. */
export function gatewayProcedures(realm: RealmView, clock: Clock): MetaProcedures {
  const rates = new SessionRates();

  return {
    /** Sessions in the order of joining: `limit` of them, after the session `after`. */
    *'wampway.session.list'({ args, kwargs }): MetaSteps {
      const wanted = inRoles(args[0]);
      const limit = countArgument(kwargs['limit'], 'limit', PAGE, MAX_PAGE);
      // If that session has left, its position is unknown: `no_such_session`, because an empty list would look
      // complete.
      let skipping = isAbsent(kwargs['after']) ? undefined : clientSession(realm, kwargs['after']);
      const found: Dict[] = [];
      let skipped = 0;
      for (const session of realm.sessions()) {
        if (found.length === limit) break;
        if (skipping === undefined && !session.internal && wanted(session)) {
          found.push(traffic(realm, session, rates, clock.monotonic()));
          yield ROW_COST;
        } else if (++skipped % SKIPPED_RUN === 0) {
          yield 1;
        }
        if (session === skipping) skipping = undefined;
      }
      return found;
    },

    'wampway.session.get': ({ args }) => traffic(realm, clientSession(realm, args[0]), rates, clock.monotonic()),

    *'wampway.realm.get'(): MetaSteps {
      const { name, sessionCount, broker, dealer, callCount, counters } = realm;
      const { published, refusedPublications, called, lateAnswers } = counters;
      return {
        name,
        sessions: sessionCount,
        subscriptions: yield* countOf(broker.subscriptions(), isClientSubscription),
        registrations: yield* countOf(dealer.registrations.values(), isClientRegistration),
        calls: callCount,
        counters: { published, refused_publications: refusedPublications, called, late_answers: lateAnswers },
      };
    },

    /** [advanced/pubsub_subscription_revocation] */
    'wampway.subscription.revoke': ({ args, kwargs }) => {
      const session = clientSession(realm, args[0]);
      const subscription = idArgument(args[1], 'subscription');
      if (realm.revokeSubscription(session, subscription, reasonOf(kwargs))) return;
      throw new WampError(ErrorUri.NoSuchSubscription, [`the session does not hold the subscription ${subscription}`]);
    },

    /** [advanced/rpc_registration_revocation] */
    'wampway.registration.revoke': ({ args, kwargs }) => {
      const session = clientSession(realm, args[0]);
      const registration = clientRegistration(realm.dealer, args[1]);
      const reason = reasonOf(kwargs) ?? 'revoked';
      if (realm.revokeRegistration(session, registration.id, reason)) return;
      throw new WampError(ErrorUri.NoSuchRegistration, [
        `the session does not hold the registration ${registration.id}`,
      ]);
    },
  };
}

function* countOf<T>(items: Iterable<T>, wanted: (item: T) => boolean): Generator<number, number, undefined> {
  let count = 0;
  yield* inSteps(items, item => {
    if (wanted(item)) count++;
  });
  return count;
}

function reasonOf({ reason }: Dict): string | undefined {
  return isAbsent(reason) ? undefined : textArgument(reason, 'reason');
}

/** A session with its subscriptions, registrations and link counters. */
function traffic(realm: RealmView, session: RouterSession, rates: SessionRates, now: number): Dict {
  const { link, joined, dropped } = session;
  const { subscriptions, registrations, calls, invocations } = realm.tablesOf(session);
  const { counters } = link;
  return {
    ...sessionDetails(session),
    joined: new Date(joined).toISOString(),
    strict: link.info.strict === true,
    queued_bytes: link.queuedBytes,
    queued_messages: link.queuedMessages ?? 0,
    ...{ subscriptions, registrations, calls, invocations },
    ...(session.quota && { limits: limitsShown(session.quota) }),
    refused: session.refused,
    refused_by_limit: session.refusedByLimit,
    ...(counters && {
      dropped,
      slowed: counters.slowed,
      received: { messages: counters.messagesIn, bytes: counters.bytesIn },
      sent: { messages: counters.messagesOut, bytes: counters.bytesOut },
      rates: rates.of(session, counters, now),
    }),
  };
}

function limitsShown({ limits, sessions }: PrincipalQuota): Dict {
  const { messageRate, byteRate } = limits;
  return {
    ...shown({ sessions: limits.sessions, subscriptions: limits.subscriptions, registrations: limits.registrations }),
    ...shown({ message_rate: messageRate?.rate, byte_rate: byteRate?.rate, message_size: limits.messageSize }),
    ...shown({ retained_topics: limits.retainedTopics }),
    /** The usage of its principal, or of all clients without credentials from its address. */
    taken: { sessions },
  };
}

function shown(values: Readonly<Record<string, number | undefined>>): Dict {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}
