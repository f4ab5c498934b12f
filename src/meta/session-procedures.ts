import { payloadSize } from '../router/payload-size.ts';
import type { RealmView } from '../router/realm.ts';
import type { Session } from '../router/session.ts';
import type { Dict } from '../wamp/dict.ts';
import { ErrorUri, WampError } from '../wamp/errors.ts';
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
import type { MetaEvents } from './meta-events.ts';
import type { MetaProcedures } from './meta-procedure.ts';
import { sessionDetails } from './session-details.ts';

/** What may be added to the details of one session. */
const MAX_ADDED = 32;
const MAX_ADDED_BYTES = 16 * 1024;

/** wamp.session.*, testaments aside. [advanced/meta_api_sessions] */
export function sessionProcedures(realm: RealmView, events: MetaEvents): MetaProcedures {
  const added = new WeakMap<Session, Map<string, unknown>>();

  function* clients(wanted: (session: Session) => boolean): Generator<Session> {
    for (const session of realm.sessions()) if (!session.internal && wanted(session)) yield session;
  }

  /** Collected first: a session that is killed leaves the realm at once. */
  function kill(sessions: Iterable<Session>, { reason, message }: Farewell): number[] {
    const killed = [...sessions];
    for (const session of killed) session.end(reason, message);
    return killed.map(({ id }) => id);
  }

  return {
    'wamp.session.count': ({ args }) => [...clients(inRoles(args[0]))].length,

    'wamp.session.list': ({ args }) => Array.from(clients(inRoles(args[0])), ({ id }) => id),

    'wamp.session.get': ({ args }) => {
      const session = clientSession(realm, args[0]);
      return { ...Object.fromEntries(added.get(session) ?? []), ...sessionDetails(session) };
    },

    'wamp.session.kill': ({ caller, args, kwargs }) => {
      const farewell = farewellArguments(kwargs);
      const session = clientSession(realm, args[0]);
      // No *other* session has this id.
      if (session === caller) throw noSuchSession(session.id);
      kill([session], farewell);
    },

    'wamp.session.kill_by_authid': ({ caller, args, kwargs }) => {
      const authid = textArgument(args[0], 'authid');
      const farewell = farewellArguments(kwargs);
      const sessions = clients(session => session !== caller && session.principal.authid === authid);
      return kill(sessions, farewell);
    },

    'wamp.session.kill_by_authrole': ({ caller, args, kwargs }) => {
      const authrole = textArgument(args[0], 'authrole');
      const farewell = farewellArguments(kwargs);
      const sessions = clients(session => session !== caller && session.principal.authrole === authrole);
      return kill(sessions, farewell).length;
    },

    'wamp.session.kill_all': ({ caller, kwargs }) => {
      const farewell = farewellArguments(kwargs);
      const sessions = [...clients(session => session !== caller)];
      // Neither meta events nor testaments come of it.
      for (const session of sessions) {
        realm.broker.flushTestaments(session, 'detached');
        realm.broker.flushTestaments(session, 'destroyed');
        events.silence(session);
      }
      return kill(sessions, farewell).length;
    },

    // Not of the specification; nexus has it: values of one's own beside the details, null takes them away.
    'wamp.session.modify_details': ({ args, payload }) => {
      const session = clientSession(realm, args[0]);
      if (isAbsent(args[1])) throw invalid('the details to be changed are missing');
      const delta = dictArgument(args[1], 'the details');
      const details = new Map(added.get(session));
      change(details, delta, sessionDetails(session));
      if (details.size > MAX_ADDED || payloadSize(payload) > MAX_ADDED_BYTES) {
        throw new WampError(ErrorUri.LimitExceeded, [`no more than ${MAX_ADDED} values of ${MAX_ADDED_BYTES} bytes`]);
      }
      added.set(session, details);
    },
  };
}

/** The client's session with an id. Throws `invalid_argument` and `no_such_session`. */
export function clientSession(realm: RealmView, value: unknown): Session {
  const id = idArgument(value, 'session');
  const session = realm.session(id);
  if (session === undefined || session.internal) throw noSuchSession(id);
  return session;
}

function noSuchSession(id: number): WampError {
  return new WampError(ErrorUri.NoSuchSession, [`there is no session ${id}`]);
}

/** Whether a session is in one of the roles listed, if any are. */
export function inRoles(filter: unknown): (session: Session) => boolean {
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
