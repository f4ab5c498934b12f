import type { JoinedSession } from '../../client/api/session-api.ts';
import type { RealmView } from '../../router/realm/realm-view.ts';
import { ErrorUri, WampError } from '../../wamp/errors.ts';
import { asId } from '../../wamp/ids.ts';
import { MessageType } from '../../wamp/messages/message-type.ts';
import { asUri } from '../../wamp/uri.ts';
import type { BridgeContext } from '../bridge/bridge.ts';

/** What a bridge may ask a realm about publishing: the router's own verdict, before anything is published. */
export function publishingOf(
  realm: () => RealmView | undefined,
): Pick<BridgeContext, 'acceptsPlain' | 'judge' | 'retainedTopicsLimit'> {
  const sessionOf = ({ id }: JoinedSession) => realm()?.session(id);
  return {
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
  };
}
