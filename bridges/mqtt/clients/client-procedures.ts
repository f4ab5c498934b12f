import type { InvocationHandler, JoinedSession } from '../../../src/client/api/session-api.ts';
import { ErrorUri, WampError } from '../../../src/wamp/errors.ts';
import type { Presence, Present } from './presence.ts';

/**
 * Registers `wampway.mqtt.client.list`, `.get` and `.kick`: the connected MQTT clients by client id. Errors:
 * `wamp.error.invalid_argument`, and `wamp.error.no_such_session` if the client is not connected.
 */
export async function registerClientProcedures(session: JoinedSession, presence: Presence): Promise<void> {
  const procedures: Readonly<Record<string, InvocationHandler>> = {
    'wampway.mqtt.client.list': () => [...presence.clients].map(describe),
    'wampway.mqtt.client.get': ({ args }) => describe(clientOf(presence, args[0])),
    'wampway.mqtt.client.kick': ({ args }) => {
      clientOf(presence, args[0]).peer.disconnect('kicked by wampway.mqtt.client.kick');
    },
  };
  await Promise.all(Object.entries(procedures).map(([name, handler]) => session.register(name, handler)));
}

function describe({ peer, since }: Present) {
  const { clientId, username, address, protocolVersion } = peer;
  return { client_id: clientId, username: username ?? null, address, protocol_version: protocolVersion, since };
}

function clientOf(presence: Presence, clientId: unknown): Present {
  if (typeof clientId !== 'string')
    throw new WampError(ErrorUri.InvalidArgument, ['argument 0 must be a client id (string)']);
  const client = presence.client(clientId);
  if (client !== undefined) return client;
  throw new WampError(ErrorUri.NoSuchSession, [`MQTT client ${clientId} is not connected`]);
}
