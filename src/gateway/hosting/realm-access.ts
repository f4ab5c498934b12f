import type { JoinedSession } from '../../client/api/session-api.ts';
import type { RealmView } from '../../router/realm/realm-view.ts';
import { ErrorUri, WampError } from '../../wamp/errors.ts';
import { asId } from '../../wamp/ids.ts';
import { MessageType } from '../../wamp/messages/message-type.ts';
import { asUri } from '../../wamp/uri.ts';
import type { BridgeContext } from '../bridge/bridge.ts';

/** The members of a bridge's context that read or change the state of its realm. */
export type RealmAccess = Pick<
  BridgeContext,
  'permits' | 'acceptsPlain' | 'judge' | 'retainedTopicsLimit' | 'retainedBy' | 'retainedPublication' | 'forgetRetained'
>;

/** Gives bridges access to one realm. `realm` is called on each use, because bridges are made before the router. */
export function realmAccess(realm: () => RealmView | undefined): RealmAccess {
  const sessionOf = ({ id }: JoinedSession) => realm()?.session(id);
  return {
    permits({ id }, action, uri, match) {
      const home = realm();
      const session = home?.session(id);
      return session !== undefined && home?.may(session, action, asUri(uri), match) === true;
    },
    acceptsPlain(joined, topic) {
      const home = realm();
      const session = home?.session(joined.id);
      return session !== undefined && home?.acceptsPlain(session, asUri(topic)) === true;
    },
    judge(joined, { topic, options, payload }) {
      const session = sessionOf(joined);
      if (session === undefined) throw new WampError(ErrorUri.NoSuchSession, ['the session has ended']);
      const message = { request: asId<'request'>(0), options, topic: asUri(topic), payload };
      return realm()?.judge(session, { type: MessageType.Publish, ...message });
    },
    retainedTopicsLimit: joined => sessionOf(joined)?.quota?.limits.retainedTopics,
    retainedBy: topic => realm()?.broker.retained.newest(topic)?.publisher,
    retainedPublication: topic => realm()?.broker.retained.newest(topic)?.publication,
    forgetRetained(topic, publication) {
      const broker = realm()?.broker;
      if (broker?.retained.newest(topic)?.publication === publication) broker.forgetRetained(asUri(topic));
    },
  };
}
