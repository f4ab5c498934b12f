import type { RealmView } from '../../router/realm/realm-view.ts';
import type { RouterSession } from '../../router/session/session.ts';
import type { Dict } from '../../wamp/dict.ts';
import { ErrorUri, WampError } from '../../wamp/errors.ts';
import { payloadSize } from '../../wamp/payload-size.ts';
import { sessionDetails } from '../events/details.ts';
import type { MetaEvents } from '../events/meta-events.ts';
import { inSteps, type MetaProcedures, type MetaSteps } from '../runtime/meta-procedure.ts';
import {
  dictArgument,
  type Farewell,
  farewellArguments,
  idArgument,
  invalid,
  isAbsent,
  rolesArgument,
  textArgument,
} from './meta-arguments.ts';

/** Limits of the values that can be added to the details of a session. */
const MAX_ADDED = 32;
const MAX_ADDED_BYTES = 16 * 1024;

/** The cost of ending a session, in units of `MetaSteps`. */
const KILL_COST = 10;
/** Sessions whose testaments are removed in one step. */
const HUSH_RUN = 10;

/** wamp.session.*, without testaments. [advanced/meta_api_sessions] */
export function sessionProcedures(realm: RealmView, events: MetaEvents): MetaProcedures {
  return { ...listProcedures(realm), ...detailsProcedures(realm), ...killProcedures(realm, events) };
}

function listProcedures(realm: RealmView): MetaProcedures {
  return {
    *'wamp.session.count'({ args }): MetaSteps {
      let count = 0;
      yield* inSteps(clients(realm, inRoles(args[0])), () => count++);
      return count;
    },

    *'wamp.session.list'({ args }): MetaSteps {
      const ids: number[] = [];
      yield* inSteps(clients(realm, inRoles(args[0])), ({ id }) => ids.push(id));
      return ids;
    },
  };
}

function detailsProcedures(realm: RealmView): MetaProcedures {
  const added = new WeakMap<RouterSession, Map<string, unknown>>();
  return {
    'wamp.session.get': ({ args }) => {
      const session = clientSession(realm, args[0]);
      return { ...Object.fromEntries(added.get(session) ?? []), ...sessionDetails(session) };
    },

    // An extension, compatible with nexus: adds values to the details of the session. null removes a value.
    'wamp.session.modify_details': ({ args, payload }) => {
      const session = clientSession(realm, args[0]);
      if (isAbsent(args[1])) throw invalid('expected the details to change as the second argument');
      const delta = dictArgument(args[1], 'the details');
      const details = new Map(added.get(session));
      change(details, delta, sessionDetails(session));
      if (details.size > MAX_ADDED || payloadSize(payload) > MAX_ADDED_BYTES) {
        throw new WampError(ErrorUri.LimitExceeded, [
          `the details may have at most ${MAX_ADDED} values of ${MAX_ADDED_BYTES} bytes`,
        ]);
      }
      added.set(session, details);
    },
  };
}

function killProcedures(realm: RealmView, events: MetaEvents): MetaProcedures {
  return {
    'wamp.session.kill': ({ caller, args, kwargs }) => {
      const farewell = farewellArguments(kwargs);
      const session = clientSession(realm, args[0]);
      // No *other* session has this id.
      if (session === caller) throw noSuchSession(session.id);
      return unanswered(kill(realm, [session], farewell));
    },

    'wamp.session.kill_by_authid': ({ caller, args, kwargs }) => {
      const authid = textArgument(args[0], 'authid');
      const farewell = farewellArguments(kwargs);
      const sessions = clients(realm, session => session !== caller && session.principal.authid === authid);
      return kill(realm, [...sessions], farewell);
    },

    'wamp.session.kill_by_authrole': ({ caller, args, kwargs }) => {
      const authrole = textArgument(args[0], 'authrole');
      const farewell = farewellArguments(kwargs);
      const sessions = clients(realm, session => session !== caller && session.principal.authrole === authrole);
      return counted(kill(realm, [...sessions], farewell));
    },

    *'wamp.session.kill_all'({ caller, kwargs }): MetaSteps {
      const farewell = farewellArguments(kwargs);
      const sessions = [...clients(realm, session => session !== caller)];
      // The procedure publishes neither meta events nor testaments.
      const hush = (session: RouterSession): void => {
        realm.flushTestaments(session, 'detached');
        realm.flushTestaments(session, 'destroyed');
        events.silence(session);
      };
      yield* inSteps(sessions, hush, HUSH_RUN);
      return yield* counted(kill(realm, sessions, farewell));
    },
  };
}

function* clients(realm: RealmView, wanted: (session: RouterSession) => boolean): Generator<RouterSession> {
  for (const session of realm.sessions()) if (!session.internal && wanted(session)) yield session;
}

/**
 * Ends one session in each step, because the removal of all that a session has takes time. Only sessions that existed
 * at the time of the call are ended. A session that left in the meantime is not counted.
 */
function* kill(
  realm: RealmView,
  sessions: readonly RouterSession[],
  { reason, message }: Farewell,
): Generator<number, number[], undefined> {
  const killed: number[] = [];
  for (const session of sessions) {
    if (realm.session(session.id) !== session) continue;
    session.end(reason, message);
    killed.push(session.id);
    yield KILL_COST;
  }
  return killed;
}

function* counted(killing: Generator<number, number[], undefined>): MetaSteps {
  return (yield* killing).length;
}

function* unanswered(killing: Generator<number, unknown, undefined>): MetaSteps {
  yield* killing;
  return undefined;
}

/** The client session with an id. Throws `invalid_argument` and `no_such_session`. */
export function clientSession(realm: RealmView, value: unknown): RouterSession {
  const id = idArgument(value, 'session');
  const session = realm.session(id);
  if (session === undefined || session.internal) throw noSuchSession(id);
  return session;
}

function noSuchSession(id: number): WampError {
  return new WampError(ErrorUri.NoSuchSession, [`the session ${id} does not exist`]);
}

/** Whether a session has one of the listed roles. True if the list is undefined. */
export function inRoles(filter: unknown): (session: RouterSession) => boolean {
  const roles = rolesArgument(filter);
  return roles === undefined ? () => true : ({ principal }) => roles.has(principal.authrole);
}

function change(details: Map<string, unknown>, delta: Dict, own: Dict): void {
  for (const [key, value] of Object.entries(delta)) {
    if (Object.hasOwn(own, key)) throw invalid(`${key} is the router's to say`);
    if (value === null) details.delete(key);
    else details.set(key, value);
  }
}
