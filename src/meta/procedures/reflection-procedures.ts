import type { Action } from '../../router/policy/authorizer.ts';
import type { RealmView } from '../../router/realm/realm-view.ts';
import type { RouterSession } from '../../router/session/session.ts';
import { ErrorUri, WampError } from '../../wamp/errors.ts';
import type { MatchPolicy, Uri } from '../../wamp/uri.ts';
import { subscribers } from '../events/details.ts';
import { MetaTopic } from '../events/meta-uris.ts';
import { inSteps, type MetaProcedures, type MetaSteps } from '../runtime/meta-procedure.ts';
import { errorTexts } from './error-texts.ts';
import { invalid, matchArgument, textArgument, uriArgument } from './meta-arguments.ts';

/** A procedure, a topic or a pattern of either. */
interface Resource {
  readonly uri: Uri;
  readonly match: MatchPolicy;
}

/** Resources that are checked in one step. */
const JUDGED_RUN = 20;

const routersTopics: readonly Resource[] = Object.values(MetaTopic).map(uri => ({ uri, match: 'exact' }));

/**
 * wamp.reflection.*: the resources that the caller may use or provide, including the router's own. The specification
 * names the procedures only. Arguments and results follow the meta API's list and lookup.
 * [advanced/interface_reflection]
 */
export function reflectionProcedures(realm: RealmView): MetaProcedures {
  const { broker, dealer } = realm;

  /** Resources without access for the caller are omitted. */
  function isFor(caller: RouterSession, { uri, match }: Resource, access: Action, provide: Action): boolean {
    return realm.may(caller, access, uri, match) || realm.may(caller, provide, uri, match);
  }

  function* procedures(caller: RouterSession): Generator<Resource | undefined> {
    for (const { procedure: uri, match } of dealer.registrations.values()) {
      yield isFor(caller, { uri, match }, 'call', 'register') ? { uri, match } : undefined;
    }
  }

  function* topics(caller: RouterSession): Generator<Resource | undefined> {
    const isForCaller = (topic: Resource): boolean => isFor(caller, topic, 'subscribe', 'publish');
    yield* routersTopics.filter(isForCaller);
    for (const { topic: uri, match } of broker.subscriptions()) {
      yield !isRouters(uri) && isForCaller({ uri, match }) ? { uri, match } : undefined;
    }
  }

  return {
    'wamp.reflection.procedure.list': ({ caller }) => listed(procedures(caller)),

    'wamp.reflection.procedure.describe': ({ caller, args }) => {
      const match = matchArgument(args[1]);
      const uri = uriArgument(args[0], 'procedure', match, realm);
      const registration = dealer.lookup(uri, match);
      if (registration === undefined || !isFor(caller, { uri, match }, 'call', 'register')) {
        throw new WampError(ErrorUri.NoSuchProcedure, [`no procedure ${uri} (match ${match}) is registered`]);
      }
      const { policy, callees } = registration;
      return { uri, match, invoke: policy, callees: callees.length };
    },

    'wamp.reflection.topic.list': ({ caller }) => listed(topics(caller)),

    'wamp.reflection.topic.describe': ({ caller, args }) => {
      const match = matchArgument(args[1]);
      const uri = uriArgument(args[0], 'topic', match, realm);
      const subscription = broker.lookup(uri, match);
      const known = subscription !== undefined || (match === 'exact' && isRouters(uri));
      if (!known || !isFor(caller, { uri, match }, 'subscribe', 'publish')) {
        throw new WampError(ErrorUri.NoSuchSubscription, [`no session is subscribed to ${uri} (match ${match})`]);
      }
      return {
        uri,
        match,
        subscribers: subscription === undefined ? 0 : subscribers(subscription).length,
        history: subscription?.history !== undefined,
      };
    },

    'wamp.reflection.error.list': () => [...errorTexts.keys()],

    'wamp.reflection.error.describe': ({ args }) => {
      const uri = textArgument(args[0], 'error');
      const text = errorTexts.get(uri);
      if (text === undefined) throw invalid(`${uri} is not an error URI of this router`);
      return { uri, text };
    },
  };
}

function isRouters(topic: Uri): boolean {
  return routersTopics.some(({ uri }) => uri === topic);
}

/** By match policy, as wamp.registration.list returns its ids. */
function* listed(resources: Iterable<Resource | undefined>): MetaSteps {
  const lists: Record<MatchPolicy, Uri[]> = { exact: [], prefix: [], wildcard: [] };
  const add = (resource: Resource | undefined): void => {
    if (resource !== undefined) lists[resource.match].push(resource.uri);
  };
  yield* inSteps(resources, add, JUDGED_RUN);
  return lists;
}
