import type { MessageVerdict } from '../../source/mqtt-source.ts';
import type { ConnectedClients } from '../connections/connected-clients.ts';
import { Hold } from '../connections/hold.ts';
import type { MqttConnection } from '../connections/mqtt-connection.ts';
import { BrokerMessage } from '../messages/broker-message.ts';
import { MalformedPacket, PacketType, type Publish } from '../packets/packet.ts';
import { acknowledgement } from '../packets/packet-encoder.ts';
import type { MqttSession } from '../sessions/mqtt-session.ts';
import type { BrokerState } from '../state/broker-state.ts';
import { authorize, checkTopic } from './authorize.ts';
import { PublishQueue, type PublishSteps } from './publish-queue.ts';
import { release } from './release.ts';
import { type StagedMessage, stage, stageReceipt, unstage } from './stage.ts';

/** Messages of one client that wait to be authorized or written, from which on its socket is paused. */
const MAX_PENDING = 1_000;
/** QoS 2 messages of one client whose PUBREL has not come. */
const MAX_INCOMING = 5_000;

/**
 * Handles the messages of one client, and its will. The steps are decode (`PacketReader`), authorize, stage, commit and
 * release. `receive` authorizes a message. The publish queue does the other steps, in the order of the client's messages.
 */
export class ClientPublishing implements PublishSteps<StagedMessage> {
  readonly queue: PublishQueue<StagedMessage>;
  readonly #state: BrokerState;
  readonly #clients: ConnectedClients;
  readonly #connection: MqttConnection;
  readonly #session: MqttSession;

  constructor(state: BrokerState, clients: ConnectedClients, connection: MqttConnection, session: MqttSession) {
    this.#state = state;
    this.#clients = clients;
    this.#connection = connection;
    this.#session = session;
    this.queue = new PublishQueue(this);
  }

  /** Handles PUBLISH. Throws `MalformedPacket`. */
  receive({ topic, payload, qos, retain, dup, id }: Publish): void {
    const state = this.#state;
    const connection = this.#connection;
    const session = this.#session;
    const kind = checkTopic(state, topic);
    state.traffic.publishReceived += 1;
    state.traffic.publishBytesReceived += payload.length;
    if (qos === 2) {
      const known = session.incoming.get(id);
      // Sent again: it is accepted already, or about to be. [MQTT-4.3.3-2]
      if (known === 'received') connection.send(acknowledgement(PacketType.Pubrec, id));
      if (known !== undefined) return;
      if (session.incoming.size >= MAX_INCOMING && this.queue.length === 0) {
        throw new MalformedPacket(`more than ${MAX_INCOMING} messages at QoS 2 wait for PUBREL`);
      }
      session.incoming.set(id, 'arriving');
    }
    const message = new BrokerMessage(topic, payload, qos, retain, connection.age, connection.owner);
    if (session.isBridge) message.bridge = session.clientId;
    const { receivedAt } = connection;
    const verdict =
      kind === 'notice' ? 'withhold' : authorize(state, { topic, payload, qos, retain, dup, receivedAt }, connection);
    this.queue.enqueue(message, id, verdict);
    if (this.#isFull(1)) connection.hold(Hold.PublishQueue);
  }

  /** Publishes the will of the client, if it has one. [MQTT-3.1.2-8] */
  publishWill(): void {
    const { clock, ages } = this.#state;
    const connection = this.#connection;
    const { will } = connection;
    connection.will = undefined;
    if (will === undefined) return;
    const { topic, payload, qos, retain } = will;
    const message = new BrokerMessage(topic, payload, qos, retain, ages.now(), connection.owner);
    const facts = { topic, payload, qos, retain, dup: false, receivedAt: clock.now() };
    this.queue.enqueue(message, 0, authorize(this.#state, facts, connection));
  }

  /** [PublishSteps] */
  mustWait(message: BrokerMessage, advance: () => void): boolean {
    return this.#state.backpressure.mustWait(message, advance);
  }

  /** [PublishSteps] */
  stage(message: BrokerMessage, id: number, verdict: MessageVerdict): StagedMessage | undefined {
    const incoming = id > 0 ? this.#session : undefined;
    return verdict === 'pass'
      ? stage(this.#state, message, incoming, id)
      : stageReceipt(this.#state, message, incoming, id);
  }

  /** [PublishSteps] The message is authorized and on disk: acknowledges it, then delivers it. */
  release(message: BrokerMessage, id: number, staged: StagedMessage | undefined, verdict: MessageVerdict): void {
    if (id > 0) this.#acknowledge(message, id);
    if (verdict === 'pass') release(this.#state, message, staged);
  }

  /** [PublishSteps] */
  refuse(message: BrokerMessage, id: number, error: Error, staged: StagedMessage | undefined): void {
    if (staged !== undefined) unstage(this.#state, staged);
    if (message.qos === 2) this.#session.incoming.delete(id);
    this.#state.drops.add('the message was rejected', { topic: message.topic, refusal: error.message });
    this.#connection.close(`its message was rejected: ${error.message}`);
  }

  /** [PublishSteps] */
  failed(error: unknown): void {
    this.#connection.failed(error);
  }

  /** [PublishSteps] */
  progressed(): void {
    const connection = this.#connection;
    if (!connection.closed) {
      if (!this.#isFull(2)) connection.proceed(Hold.PublishQueue);
      connection.closeIfAnswered();
    } else if (this.queue.length === 0) this.#clients.finished(connection);
  }

  /**
   * Whether so many messages wait that the socket of the client is paused. `divisor`: 2 compares with half of the limits.
   * While the messages wait for a slow subscriber, as many are read as fit into memory: acknowledgements that other
   * clients wait for may follow them.
   */
  #isFull(divisor: number): boolean {
    const { backpressure, config } = this.#state;
    const { queue } = this;
    if (queue.length === 0) return false;
    if (this.#session.incoming.size * divisor >= MAX_INCOMING) return true;
    if (!queue.waiting) return queue.length * divisor >= MAX_PENDING;
    return queue.parkedBytes * divisor >= backpressure.share(config.maxQueuedBytes);
  }

  #acknowledge({ qos }: BrokerMessage, id: number): void {
    if (qos === 1) this.#connection.send(acknowledgement(PacketType.Puback, id));
    else {
      this.#session.incoming.set(id, 'received');
      this.#connection.send(acknowledgement(PacketType.Pubrec, id));
    }
  }
}
