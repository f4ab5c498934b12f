import type { DropCounter } from '../../report/drop-counter.ts';
import { isBridgeNotice } from '../../source/bridge-notice.ts';
import type { MqttSink } from '../../source/mqtt-source.ts';
import { isTopicName } from '../../source/mqtt-text.ts';
import type { Backpressure } from '../delivery/backpressure.ts';
import type { Distributor, Staged } from '../delivery/distributor.ts';
import { PublishQueue } from '../delivery/publish-queue.ts';
import type { SubscriptionReplays } from '../delivery/subscription-replays.ts';
import { BrokerMessage } from '../messages/broker-message.ts';
import { KnownTexts } from '../packets/known-texts.ts';
import {
  type Acknowledgement,
  type ClientPacket,
  MalformedPacket,
  PacketType,
  type Publish,
} from '../packets/packet.ts';
import { acknowledgement, pingresp } from '../packets/packet-encoder.ts';
import type { Traffic } from '../packets/traffic.ts';
import type { MqttSession } from '../sessions/mqtt-session.ts';
import { levelCount } from '../sessions/topic-filter.ts';
import { Hold, type MqttConnection } from './mqtt-connection.ts';
import type { Subscribing } from './subscribing.ts';

/** Messages of one client that wait for being accepted or written, from which on no more are read. */
const MAX_LINE = 1_000;
/** QoS 2 messages of one client that are not released. */
const MAX_INCOMING = 5_000;

export interface ProtocolParts {
  readonly sink: MqttSink;
  readonly distributor: Distributor;
  readonly subscribing: Subscribing;
  readonly backpressure: Backpressure;
  readonly replays: SubscriptionReplays;
  readonly drops: DropCounter;
  readonly traffic: Traffic;
  readonly limits: { readonly maxTopicLevels: number; readonly maxQueuedBytes: number };
  /** An error that is ours. */
  failed(connection: MqttConnection, error: unknown): void;
  /** The last message of a closed connection is through. */
  ended(connection: MqttConnection): void;
}

/** What the packets of a client that was let in mean. */
export class ClientProtocol {
  readonly #parts: ProtocolParts;
  /** That clients may publish to, as far as the protocol goes. */
  readonly #topics = new KnownTexts();

  constructor(parts: ProtocolParts) {
    this.#parts = parts;
  }

  /** `connection` has `session` from now on. */
  open(connection: MqttConnection, session: MqttSession): void {
    const { distributor } = this.#parts;
    const line = new PublishQueue<Staged>({
      stage: (message, id, verdict) => {
        const incoming = id > 0 ? session : undefined;
        return verdict === 'pass'
          ? distributor.stage(message, incoming, id)
          : distributor.remember(message, incoming, id);
      },
      release: (message, id, staged, verdict) => {
        if (id > 0) this.#acknowledge(connection, session, message, id);
        if (verdict === 'pass') distributor.release(message, staged);
      },
      refuse: (message, id, error, staged) => {
        if (staged !== undefined) distributor.unstage(staged);
        if (message.qos === 2) session.incoming.delete(id);
        this.#parts.drops.add('it was not accepted', { topic: message.topic, refusal: error.message });
        connection.close(`its message was not accepted: ${error.message}`);
      },
      failed: error => {
        this.#parts.failed(connection, error);
        connection.close('an error of the gateway');
      },
      mustWait: (message, advance) => this.#parts.backpressure.mustWait(message, advance),
      progressed: () => {
        if (!connection.closed) {
          if (!this.#isLong(session, line, 2)) connection.proceed(Hold.Line);
          connection.answered();
        } else if (line.length === 0) this.#parts.ended(connection);
      },
    });
    connection.session = session;
    connection.line = line;
  }

  packet(connection: MqttConnection, session: MqttSession, packet: ClientPacket): void {
    switch (packet.type) {
      case PacketType.Publish:
        this.#publish(connection, session, packet);
        break;
      case PacketType.Subscribe:
        this.#parts.subscribing.subscribe(connection, session, packet);
        break;
      case PacketType.Unsubscribe:
        this.#parts.subscribing.unsubscribe(connection, session, packet);
        break;
      case PacketType.Pubrel:
        this.#release(connection, session, packet);
        break;
      case PacketType.Puback:
      case PacketType.Pubrec:
      case PacketType.Pubcomp:
        session.acknowledged(packet.type, packet.id);
        this.#parts.replays.resume(session);
        break;
      case PacketType.Pingreq:
        connection.send(pingresp);
        break;
      case PacketType.Disconnect:
        // [MQTT-3.14.4-3]
        connection.will = undefined;
        connection.leave(undefined);
        break;
      case PacketType.Connect:
        // [MQTT-3.1.0-2]
        throw new MalformedPacket('a second CONNECT');
    }
  }

  #publish(connection: MqttConnection, session: MqttSession, { topic, payload, qos, retain, dup, id }: Publish): void {
    const { sink, traffic } = this.#parts;
    const isNotice = !this.#topics.has(topic) && this.#isNotice(topic);
    traffic.publishReceived += 1;
    traffic.publishBytesReceived += payload.length;
    if (qos === 2) {
      const known = session.incoming.get(id);
      // Sent again, it has been accepted before, or is being so. [MQTT-4.3.3-2]
      if (known === 'received') connection.send(acknowledgement(PacketType.Pubrec, id));
      if (known !== undefined) return;
      if (session.incoming.size >= MAX_INCOMING && connection.line?.length === 0) {
        throw new MalformedPacket(`more than ${MAX_INCOMING} messages at QoS 2 wait for their PUBREL`);
      }
      session.incoming.set(id, 'arriving');
    }
    const message = new BrokerMessage(topic, payload, qos, retain, connection.age, connection.owner);
    if (session.bridge) message.bridge = session.clientId;
    const verdict = isNotice
      ? 'withhold'
      : sink.message({ topic, payload, qos, retain, dup, receivedAt: connection.receivedAt }, connection);
    connection.line?.enter(message, id, verdict);
    if (connection.line !== undefined && this.#isLong(session, connection.line, 1)) connection.hold(Hold.Line);
  }

  /** Whether a bridge of another broker tells of itself. Refuses what is no topic of a client. */
  #isNotice(topic: string): boolean {
    const { maxTopicLevels } = this.#parts.limits;
    if (!isTopicName(topic)) throw new MalformedPacket('a topic with wildcards, or none');
    if (levelCount(topic) > maxTopicLevels) throw new MalformedPacket(`a topic of more than ${maxTopicLevels} levels`);
    if (isBridgeNotice(topic)) return true;
    if (topic.startsWith('$SYS/')) throw new MalformedPacket('a topic under $SYS/, which is the broker’s own');
    this.#topics.add(topic);
    return false;
  }

  /**
   * Whether so many messages of a client wait that its socket is read no further; of a `part` of the bound. While they
   * wait for a subscriber, as many as fit into memory are read: behind them may be acknowledgements that others wait for.
   */
  #isLong(session: MqttSession, line: PublishQueue<Staged>, part: number): boolean {
    const { backpressure, limits } = this.#parts;
    if (line.length === 0) return false;
    if (session.incoming.size * part >= MAX_INCOMING) return true;
    if (!line.waiting) return line.length * part >= MAX_LINE;
    return line.parkedBytes * part >= backpressure.share(limits.maxQueuedBytes);
  }

  #acknowledge(connection: MqttConnection, session: MqttSession, { qos }: BrokerMessage, id: number): void {
    if (qos === 1) connection.send(acknowledgement(PacketType.Puback, id));
    else {
      session.incoming.set(id, 'received');
      connection.send(acknowledgement(PacketType.Pubrec, id));
    }
  }

  #release(connection: MqttConnection, session: MqttSession, { id }: Acknowledgement): void {
    const complete = (): void => connection.send(acknowledgement(PacketType.Pubcomp, id));
    if (session.incoming.get(id) !== 'received' || session.journal === undefined) {
      session.incoming.delete(id);
      complete();
      return;
    }
    session.incoming.delete(id);
    session.journal.releasedIncoming(session.clientId, id);
    // PUBCOMP lets the client use the identifier again: on disk, it must be free by then.
    const answered = connection.expectAnswer();
    session.journal
      .commit()
      .then(complete, (error: unknown) => connection.close(`the store has failed: ${error}`))
      .then(answered, answered);
  }
}
