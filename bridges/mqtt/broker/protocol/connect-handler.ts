import { randomUUID } from 'node:crypto';
import { errorMessage } from '../../../../src/base/error-message.ts';
import { RefusalLog } from '../../report/refusal-log.ts';
import { isBridgeNotice } from '../../source/bridge-notice.ts';
import { MqttRefusal, Refused } from '../../source/mqtt-source.ts';
import { ownerQuotaKey } from '../../source/quota-key.ts';
import { CLIENT_STEPS, type ConnectedClients } from '../connections/connected-clients.ts';
import { Hold } from '../connections/hold.ts';
import type { MqttConnection } from '../connections/mqtt-connection.ts';
import { BrokerMessage } from '../messages/broker-message.ts';
import type { Connect } from '../packets/packet.ts';
import { connack } from '../packets/packet-encoder.ts';
import { handOver } from '../pipeline/hand-over.ts';
import type { BrokerState } from '../state/broker-state.ts';
import { ClientProtocol } from './client-protocol.ts';
import { checkConnect } from './connect-check.ts';
import type { InterruptedWills } from './interrupted-wills.ts';
import { evictSession } from './session-end.ts';
import type { Subscribing } from './subscribing.ts';

/** Milliseconds for which a client waits until the previous one with its client id has ended. */
const TAKEOVER_TIMEOUT = 1_000;

export interface ConnectDependencies {
  readonly clients: ConnectedClients;
  readonly subscribing: Subscribing;
  readonly wills: InterruptedWills;
}

/** Accepts or refuses clients: from CONNECT to CONNACK. [MQTT-3.1.4] */
export class ConnectHandler {
  readonly #state: BrokerState;
  readonly #dependencies: ConnectDependencies;
  /** CONNECTs of one client id are handled one after the other: by client id, when the last one is. */
  readonly #pending = new Map<string, Promise<void>>();
  readonly #refusals: RefusalLog;
  readonly #notices: RefusalLog;

  constructor(state: BrokerState, dependencies: ConnectDependencies) {
    this.#state = state;
    this.#dependencies = dependencies;
    this.#refusals = new RefusalLog(state.log, undefined, state.refusals);
    this.#notices = new RefusalLog(state.log, 'MQTT bridge of another broker');
  }

  /** Handles CONNECT. The connection handles no other packet until CONNACK is sent. */
  connect(connection: MqttConnection, connect: Connect): void {
    const refusal = checkConnect(connect, this.#state.config.maxTopicLevels);
    connection.protocolVersion = connect.level;
    if (refusal?.code === Refused.Version) {
      this.#refuse(connection, refusal);
      return;
    }
    connection.clientId = connect.clientId;
    connection.username = connect.username;
    connection.password = connect.password?.toString('utf8');
    connection.hold(Hold.Connect);
    if (refusal !== undefined) {
      this.#refuse(connection, refusal);
      return;
    }
    // [MQTT-3.1.3-6]
    if (connect.clientId === '') connection.clientId = `auto-${randomUUID()}`;
    // Thousands of clients may connect at once, so they are admitted over several turns of the event loop.
    this.#state.turns.start(budget => {
      budget.steps -= CLIENT_STEPS;
      this.#admitInOrder(connection, this.#withoutNotice(connection, connect));
      return true;
    });
  }

  /**
   * The will of another broker's bridge announces its state under $SYS/, which is reserved: the bridge connects without
   * it.
   */
  #withoutNotice(connection: MqttConnection, connect: Connect): Connect {
    const { will } = connect;
    if (will === undefined || !isBridgeNotice(will.topic)) return connect;
    const { address, clientId } = connection;
    this.#notices.noted(address, clientId, 'its notification is not published', { topic: will.topic });
    return { ...connect, will: undefined };
  }

  #admitInOrder(connection: MqttConnection, connect: Connect): void {
    const { clientId } = connection;
    const previous = this.#pending.get(clientId);
    const admitted = (previous ?? Promise.resolve())
      .then(() => this.#admit(connection, connect))
      .catch((error: unknown) => this.#refuse(connection, error))
      .then(() => {
        if (this.#pending.get(clientId) === admitted) this.#pending.delete(clientId);
      });
    this.#pending.set(clientId, admitted);
  }

  /** Authenticates the client and ends the previous one with its client id. Rejects with `MqttRefusal`. */
  async #admit(connection: MqttConnection, connect: Connect): Promise<void> {
    const { sink, sessions, config } = this.#state;
    const { clientId } = connection;
    if (connection.closed) return;
    if (this.#state.isStopping) throw stopping();
    const previous = this.#dependencies.clients.get(clientId);
    if (previous === undefined && this.#dependencies.clients.connected >= config.maxClients) {
      throw new MqttRefusal(Refused.Unavailable, `the limit of ${config.maxClients} clients is reached ("maxClients")`);
    }
    const session = sessions.get(clientId);
    const owner = await sink.connecting(connection);
    connection.password = undefined;
    connection.owner = sink.ownerOf?.(connection);
    // Client id ownership: a session and its queued messages belong to the user who has created it.
    if (session !== undefined && session.owner !== owner) {
      sink.disconnected(connection);
      throw new MqttRefusal(Refused.Identifier, 'the client id belongs to another user');
    }
    if (!connect.clean && session?.isKept !== true) this.#requireSessionSpace(connection);
    if (previous !== undefined) {
      // Takeover order: the will and the messages of the previous client precede those of its successor. [MQTT-3.1.4-2]
      previous.connection.close('another client has connected with its client id');
      await Promise.race([previous.ended, this.#takeoverTimeout()]);
    }
    if (connection.closed || this.#state.isStopping) {
      sink.disconnected(connection);
      if (!connection.closed) throw stopping();
      return;
    }
    // Other clients may have connected during the takeover.
    if (!connect.clean && sessions.get(clientId)?.isKept !== true) this.#requireSessionSpace(connection);
    await this.#open(connection, connect, owner);
  }

  /** Opens the session, and sends CONNACK once the session is on disk. */
  async #open(connection: MqttConnection, connect: Connect, owner: string | undefined): Promise<void> {
    const state = this.#state;
    const { sessions, journal } = state;
    const { clients, subscribing, wills } = this.#dependencies;
    const { clientId } = connection;
    const { will } = connect;
    clients.add(connection, will !== undefined);
    const old = sessions.get(clientId);
    if (old !== undefined && (connect.clean || !old.isKept)) {
      state.replays.drop(old);
      handOver(state, old, true);
    }
    const { session, present } = sessions.open(clientId, owner, connect.clean, quotaKeyOfConnection(connection));
    wills.clientReturned(clientId);
    if (will !== undefined) {
      const { topic, payload, qos, retain } = will;
      journal?.will(clientId, new BrokerMessage(topic, payload, qos, retain, state.ages.now(), connection.owner));
    }
    connection.client = new ClientProtocol(state, { clients, subscribing }, connection, session);
    connection.will = will;
    connection.keepAlive = connect.keepAlive;
    session.connection = connection;
    session.isBridge = connect.bridge;
    try {
      await subscribing.removeForbidden(connection, session);
      await journal?.commit();
    } catch (error) {
      this.#refuse(connection, error);
      return;
    }
    if (!connection.closed) this.#accept(connection, present);
  }

  /** Sends CONNACK, and then the messages that wait in the session. */
  #accept(connection: MqttConnection, sessionPresent: boolean): void {
    const { sink, log, replays } = this.#state;
    const { session, clientId, protocolVersion } = connection;
    if (session === undefined) return;
    connection.accepted();
    // MQTT 3.1 has no session present flag.
    connection.sendConnack(connack(0, sessionPresent && protocolVersion > 3));
    sink.connected?.(connection);
    for (const [filter, qos] of session.subscriptions) sink.subscribed?.(connection, filter, qos);
    if (session.dropped > 0) {
      log.warn({ clientId, dropped: session.dropped }, 'MQTT session lost messages: a queue limit was reached');
      session.dropped = 0;
    }
    session.queue.restart();
    session.pump();
    replays.resume(session);
    connection.proceed(Hold.Connect);
  }

  /** Throws `MqttRefusal` if no kept session may be added, and none can be evicted for it. */
  #requireSessionSpace(connection: MqttConnection): void {
    const { sessions, sink } = this.#state;
    if (!sessions.full) return;
    const victim = sessions.victim(quotaKeyOfConnection(connection));
    if (victim !== undefined) {
      evictSession(this.#state, victim);
      return;
    }
    sink.disconnected(connection);
    throw new MqttRefusal(Refused.Unavailable, 'the limit of kept sessions is reached ("maxSessions")');
  }

  #refuse(connection: MqttConnection, error: unknown): void {
    const reason = errorMessage(error);
    const code = error instanceof MqttRefusal ? error.code : Refused.Unavailable;
    const kind = error instanceof MqttRefusal ? error.kind : `CONNACK ${code}`;
    connection.send(connack(code, false));
    connection.will = undefined;
    connection.refused = true;
    connection.close(reason);
    this.#refusals.refused(connection.address, connection.clientId, reason, {}, kind);
  }

  #takeoverTimeout(): Promise<void> {
    return new Promise(resolve => this.#state.clock.after(TAKEOVER_TIMEOUT, resolve));
  }
}

function stopping(): MqttRefusal {
  return new MqttRefusal(Refused.Unavailable, 'the gateway is stopping');
}

/** The quota key that the kept session of a connection counts for. */
function quotaKeyOfConnection({ owner, host, address }: MqttConnection): string {
  if (owner !== undefined) return ownerQuotaKey(owner);
  const unproved = { authid: '', authrole: '', authmethod: 'internal', authprovider: '', clientId: '' };
  return ownerQuotaKey({ ...unproved, address: host ?? address });
}
