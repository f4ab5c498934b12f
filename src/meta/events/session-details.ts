import type { SessionView } from '../../router/policy/authorizer.ts';
import type { Dict } from '../../wamp/dict.ts';

/** A session as on_join and wamp.session.get describe it. [advanced/meta_api_sessions] */
export function sessionDetails({ id, principal, linkInfo }: SessionView): Dict {
  const { authid, authrole, authmethod, authprovider } = principal;
  const { transport, serializer, peer, listener, tls } = linkInfo;
  return {
    ...{ session: id, authid, authrole, authmethod, authprovider },
    transport: { type: transport, serializer, peer, listener, tls },
  };
}
