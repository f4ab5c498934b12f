import type { MqttPeer } from '../../source/mqtt-source.ts';
import type { BrokerState } from '../state/broker-state.ts';
import type { MqttConnection } from './mqtt-connection.ts';

/** Steps of a turn that a client costs which connects or disconnects, with its WAMP session. */
export const CLIENT_STEPS = 100;

/** A connected client, until its last message is released. */
export interface ConnectedEntry {
  readonly connection: MqttConnection;
  /** Whether its will is in the store. */
  readonly hasStoredWill: boolean;
  /** Resolves when its last message is released and the WAMP side has been notified. */
  readonly ended: Promise<void>;
  end(): void;
  isEnding: boolean;
}

/**
 * The connected clients by client id. A client stays here after its connection is closed, until its last message is
 * released.
 */
export class ConnectedClients {
  readonly #state: BrokerState;
  readonly #clients = new Map<string, ConnectedEntry>();
  #maximum = 0;

  constructor(state: BrokerState) {
    this.#state = state;
  }

  get connected(): number {
    return this.#clients.size;
  }

  /** The most clients that have been connected at a time. */
  get maximum(): number {
    return this.#maximum;
  }

  get(clientId: string): ConnectedEntry | undefined {
    return this.#clients.get(clientId);
  }

  /** The open connection of a peer, if it is connected. */
  connectionOf(peer: MqttPeer): MqttConnection | undefined {
    const connection = this.#clients.get(peer.clientId)?.connection;
    return connection === peer && !connection.closed ? connection : undefined;
  }

  add(connection: MqttConnection, hasStoredWill: boolean): void {
    let end = (): void => {};
    const ended = new Promise<void>(resolve => {
      end = resolve;
    });
    this.#clients.set(connection.clientId, { connection, hasStoredWill, ended, end, isEnding: false });
    this.#maximum = Math.max(this.#maximum, this.#clients.size);
  }

  /** The last message of a closed connection is released. */
  finished(connection: MqttConnection): void {
    const client = this.#clients.get(connection.clientId);
    if (client?.connection !== connection || client.isEnding) return;
    client.isEnding = true;
    this.#state.turns.start(budget => {
      budget.steps -= CLIENT_STEPS;
      this.#remove(client);
      return true;
    });
  }

  #remove(client: ConnectedEntry): void {
    const { connection, hasStoredWill } = client;
    const { clientId } = connection;
    // The takeover has timed out, and another client is connected with this id.
    if (this.#clients.get(clientId) !== client) return;
    this.#clients.delete(clientId);
    const { journal, sink } = this.#state;
    if (hasStoredWill) {
      // Only now the will is published, or discarded by DISCONNECT.
      journal?.will(clientId, undefined);
      journal?.flush();
    }
    sink.disconnected(connection);
    client.end();
  }
}
