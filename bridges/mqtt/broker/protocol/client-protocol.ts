import type { ConnectedClients } from '../connections/connected-clients.ts';
import type { ConnectedClient, MqttConnection } from '../connections/mqtt-connection.ts';
import { type Acknowledgement, type ClientPacket, MalformedPacket, PacketType } from '../packets/packet.ts';
import { acknowledgement, pingresp } from '../packets/packet-encoder.ts';
import { ClientPublishing } from '../pipeline/client-publishing.ts';
import type { MqttSession } from '../sessions/mqtt-session.ts';
import type { BrokerState } from '../state/broker-state.ts';
import type { Subscribing } from './subscribing.ts';

/** Handles the packets of one client after CONNECT was accepted. */
export class ClientProtocol implements ConnectedClient {
  readonly session: MqttSession;
  readonly #state: BrokerState;
  readonly #connection: MqttConnection;
  readonly #subscribing: Subscribing;
  readonly #publishing: ClientPublishing;

  constructor(
    state: BrokerState,
    { clients, subscribing }: { readonly clients: ConnectedClients; readonly subscribing: Subscribing },
    connection: MqttConnection,
    session: MqttSession,
  ) {
    this.session = session;
    this.#state = state;
    this.#connection = connection;
    this.#subscribing = subscribing;
    this.#publishing = new ClientPublishing(state, clients, connection, session);
  }

  /** [ConnectedClient] */
  get pendingMessages(): number {
    return this.#publishing.queue.length;
  }

  /** [ConnectedClient] */
  handle(packet: ClientPacket): void {
    const connection = this.#connection;
    const { session } = this;
    switch (packet.type) {
      case PacketType.Publish:
        this.#publishing.receive(packet);
        break;
      case PacketType.Subscribe:
        this.#subscribing.subscribe(connection, session, packet);
        break;
      case PacketType.Unsubscribe:
        this.#subscribing.unsubscribe(connection, session, packet);
        break;
      case PacketType.Pubrel:
        this.#releaseIncoming(packet);
        break;
      case PacketType.Puback:
      case PacketType.Pubrec:
      case PacketType.Pubcomp:
        session.acknowledged(packet.type, packet.id);
        this.#state.replays.resume(session);
        break;
      case PacketType.Pingreq:
        connection.send(pingresp);
        break;
      case PacketType.Disconnect:
        // [MQTT-3.14.4-3]
        connection.will = undefined;
        connection.closeWhenAnswered(undefined);
        break;
      case PacketType.Connect:
        // [MQTT-3.1.0-2]
        throw new MalformedPacket('a second CONNECT was sent');
    }
  }

  /** [ConnectedClient] */
  publishWill(): void {
    this.#publishing.publishWill();
  }

  /** [ConnectedClient] */
  stopWaiting(): void {
    this.#publishing.queue.stopWaiting();
  }

  /** PUBREL: the client may use the packet identifier again. [MQTT-4.3.3-2] */
  #releaseIncoming({ id }: Acknowledgement): void {
    const connection = this.#connection;
    const { clientId, incoming, journal } = this.session;
    const complete = (): void => connection.send(acknowledgement(PacketType.Pubcomp, id));
    if (incoming.get(id) !== 'received' || journal === undefined) {
      incoming.delete(id);
      complete();
      return;
    }
    incoming.delete(id);
    journal.releasedIncoming(clientId, id);
    // PUBCOMP lets the client use the identifier again, so its deletion has to be on disk before.
    const answered = connection.expectAnswer();
    journal
      .commit()
      .then(complete, (error: unknown) => connection.close(`store write failed: ${error}`))
      .then(answered, answered);
  }
}
