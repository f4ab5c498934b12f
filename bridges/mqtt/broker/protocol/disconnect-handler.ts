import type { ConnectedClients } from '../connections/connected-clients.ts';
import type { MqttConnection } from '../connections/mqtt-connection.ts';
import { handOver } from '../pipeline/hand-over.ts';
import type { MqttSession } from '../sessions/mqtt-session.ts';
import type { BrokerState } from '../state/broker-state.ts';

/** Handles the end of a connection: publishes the will, and keeps or ends the session. */
export class DisconnectHandler {
  readonly #state: BrokerState;
  readonly #clients: ConnectedClients;

  constructor(state: BrokerState, clients: ConnectedClients) {
    this.#state = state;
    this.#clients = clients;
  }

  closed(connection: MqttConnection): void {
    const { client, reason, clientId, address: peer } = connection;
    const { log, backpressure } = this.#state;
    if (client === undefined) {
      log.debug({ peer, clientId, reason }, 'MQTT connection closed before CONNECT was accepted');
      return;
    }
    // A refused CONNECT is logged as such.
    if (reason !== undefined && !connection.refused) log.info({ peer, clientId, reason }, 'MQTT client disconnected');
    const { session } = client;
    client.publishWill();
    client.stopWaiting();
    if (session.connection === connection) {
      session.connection = undefined;
      backpressure.forget(session);
      this.#leave(session);
    }
    if (client.pendingMessages === 0) this.#clients.finished(connection);
  }

  /** Keeps the session for its client, or ends it if it was a clean one. */
  #leave(session: MqttSession): void {
    const { sessions, ages, journal, replays } = this.#state;
    if (!session.isKept) replays.drop(session);
    handOver(this.#state, session, !session.isKept);
    if (session.isKept) {
      session.disconnectedAt = ages.now();
      sessions.record(session);
    } else sessions.end(session);
    journal?.flush();
  }
}
