import type { Clock } from '../../../src/base/clock.ts';
import type { DropCounter } from '../drop-counter.ts';
import type { MqttSink } from '../mqtt-source.ts';
import { isTopicName } from '../mqtt-text.ts';
import type { Connection } from './connection.ts';
import type { Distributor } from './distributor.ts';
import { Message } from './message.ts';
import {
  type Acknowledgement,
  type ClientPacket,
  MalformedPacket,
  PacketType,
  type Publish,
  type Subscribe,
  type Unsubscribe,
} from './packet.ts';
import { acknowledgement, type Granted, pingresp, SUBSCRIBE_FAILURE, suback, unsuback } from './packet-encoder.ts';
import { PublishLine } from './publish-line.ts';
import type { RetainedMessages } from './retained-messages.ts';
import type { Session } from './session.ts';
import type { Subscriptions } from './subscriptions.ts';
import { isTopicFilter, levelCount, sharedName } from './topic-filter.ts';
import type { Traffic } from './traffic.ts';

/** Messages of one client that wait for being accepted or written, from which on no more are read. */
const MAX_LINE = 1_000;
/** QoS 2 messages of one client that are not released. */
const MAX_INCOMING = 5_000;

export interface ProtocolParts {
  readonly sink: MqttSink;
  readonly distributor: Distributor;
  readonly subscriptions: Subscriptions;
  readonly retained: RetainedMessages;
  readonly drops: DropCounter;
  readonly traffic: Traffic;
  readonly clock: Clock;
  readonly limits: ProtocolLimits;
  /** What of a session is on disk has changed. */
  record(session: Session): void;
  /** Whether the configuration lets clients subscribe a filter. */
  maySubscribe(filter: string): boolean;
  /** An error that is ours. */
  failed(connection: Connection, error: unknown): void;
  /** The last message of a closed connection is through. */
  ended(connection: Connection): void;
}

export interface ProtocolLimits {
  readonly maxTopicLevels: number;
  readonly maxSubscriptions: number;
}

/** What the packets of a client that was let in mean. */
export class ClientProtocol {
  readonly #parts: ProtocolParts;

  constructor(parts: ProtocolParts) {
    this.#parts = parts;
  }

  /** `connection` has `session` from now on. */
  open(connection: Connection, session: Session): void {
    const { distributor } = this.#parts;
    const line = new PublishLine({
      stage: (message, id) => distributor.stage(message, id > 0 ? session : undefined, id),
      release: (message, id, staged) => {
        if (id > 0) this.#acknowledge(connection, session, message, id);
        distributor.release(message, staged);
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
      idle: () => {
        if (connection.closed) this.#parts.ended(connection);
        else connection.proceed();
      },
    });
    connection.session = session;
    connection.line = line;
    this.#forgetForbidden(connection, session);
  }

  /** What a session that goes on may not subscribe any more, it has no longer. */
  #forgetForbidden(connection: Connection, session: Session): void {
    const { sink, subscriptions, distributor, record } = this.#parts;
    for (const filter of [...session.subscriptions.keys()]) {
      const shared = sharedName(filter);
      if (sink.maySubscribe?.(connection, shared?.filter ?? filter) !== false) continue;
      subscriptions.remove(session, filter);
      if (shared !== undefined) distributor.handOver(session, true, filter);
      record(session);
    }
  }

  packet(connection: Connection, session: Session, packet: ClientPacket): void {
    switch (packet.type) {
      case PacketType.Publish:
        this.#publish(connection, session, packet);
        break;
      case PacketType.Subscribe:
        this.#subscribe(connection, session, packet);
        break;
      case PacketType.Unsubscribe:
        this.#unsubscribe(connection, session, packet);
        break;
      case PacketType.Pubrel:
        this.#release(connection, session, packet);
        break;
      case PacketType.Puback:
      case PacketType.Pubrec:
      case PacketType.Pubcomp:
        session.acknowledged(packet.type, packet.id);
        break;
      case PacketType.Pingreq:
        connection.send(pingresp);
        break;
      case PacketType.Disconnect:
        // [MQTT-3.14.4-3]
        connection.will = undefined;
        connection.close(undefined);
        break;
      case PacketType.Connect:
        // [MQTT-3.1.0-2]
        throw new MalformedPacket('a second CONNECT');
    }
  }

  #publish(connection: Connection, session: Session, { topic, payload, qos, retain, dup, id }: Publish): void {
    const { clock, sink, traffic, limits } = this.#parts;
    if (!isTopicName(topic)) throw new MalformedPacket('a topic with wildcards, or none');
    if (levelCount(topic) > limits.maxTopicLevels) {
      throw new MalformedPacket(`a topic of more than ${limits.maxTopicLevels} levels`);
    }
    if (topic.startsWith('$SYS/')) throw new MalformedPacket('a topic under $SYS/, which is the broker’s own');
    traffic.publishReceived += 1;
    traffic.publishBytesReceived += payload.length;
    if (qos === 2) {
      const known = session.incoming.get(id);
      // Sent again, it has been accepted before, or is being so. [MQTT-4.3.3-2]
      if (known === 'received') connection.send(acknowledgement(PacketType.Pubrec, id));
      if (known !== undefined) return;
      if (session.incoming.size >= MAX_INCOMING) {
        throw new MalformedPacket(`more than ${MAX_INCOMING} messages at QoS 2 wait for their PUBREL`);
      }
      session.incoming.set(id, 'arriving');
    }
    const message = new Message(topic, payload, qos, retain, clock.now());
    const accepted = sink.message({ topic, payload, qos, retain, dup, receivedAt: message.receivedAt }, connection);
    connection.line?.enter(message, id, accepted);
    if ((connection.line?.length ?? 0) >= MAX_LINE) connection.hold();
  }

  #acknowledge(connection: Connection, session: Session, { qos }: Message, id: number): void {
    if (qos === 1) connection.send(acknowledgement(PacketType.Puback, id));
    else {
      session.incoming.set(id, 'received');
      connection.send(acknowledgement(PacketType.Pubrec, id));
    }
  }

  #release(connection: Connection, session: Session, { id }: Acknowledgement): void {
    const complete = (): void => connection.send(acknowledgement(PacketType.Pubcomp, id));
    if (session.incoming.get(id) !== 'received' || session.journal === undefined) {
      session.incoming.delete(id);
      complete();
      return;
    }
    session.incoming.delete(id);
    session.journal.releasedIncoming(session.clientId, id);
    // PUBCOMP lets the client use the identifier again: on disk, it must be free by then.
    session.journal.commit().then(complete, (error: unknown) => connection.close(`the store has failed: ${error}`));
  }

  #subscribe(connection: Connection, session: Session, { id, subscriptions }: Subscribe): void {
    let changed = false;
    const granted: Granted[] = subscriptions.map(({ filter, qos }) => {
      if (!this.#mayHave(connection, session, filter)) return SUBSCRIBE_FAILURE;
      changed ||= session.subscriptions.get(filter) !== qos;
      this.#parts.subscriptions.add(session, filter, qos);
      return qos;
    });
    this.#recorded(connection, session, changed, () => {
      connection.send(suback(id, granted));
      for (const [index, { filter, qos }] of subscriptions.entries()) {
        if (granted[index] === SUBSCRIBE_FAILURE) continue;
        this.#parts.sink.subscribed?.(connection, filter, qos);
        // [MQTT-3.3.1-6]; a shared subscription gets none. [MQTT 5: 4.8.2]
        if (sharedName(filter) === undefined) this.#sendRetained(connection, session, filter, qos);
      }
    });
  }

  #mayHave(connection: Connection, session: Session, filter: string): boolean {
    const { limits, maySubscribe, sink } = this.#parts;
    const shared = sharedName(filter);
    const plain = shared?.filter ?? filter;
    if (!isTopicFilter(plain, limits.maxTopicLevels)) throw new MalformedPacket('a filter that is none, or too deep');
    // First what costs least to ask.
    return (
      shared !== null &&
      (session.subscriptions.has(filter) || session.subscriptions.size < limits.maxSubscriptions) &&
      this.#hasRoom(session, filter) &&
      maySubscribe(plain) &&
      sink.maySubscribe?.(connection, plain) !== false
    );
  }

  #hasRoom(session: Session, filter: string): boolean {
    if (this.#parts.subscriptions.accepts(session, filter)) return true;
    this.#parts.drops.add('no room for another subscription ("maxSubscriptionBytes")', { clientId: session.clientId });
    return false;
  }

  #sendRetained(connection: Connection, session: Session, filter: string, qos: number): void {
    const { retained, distributor } = this.#parts;
    const once: Message[] = [];
    for (const message of retained.match(filter)) {
      if (qos === 0 || message.qos === 0) once.push(message);
      else distributor.give(session, message, qos === 1 ? 1 : message.qos, true);
    }
    if (once.length > 0) connection.replay(once);
  }

  #unsubscribe(connection: Connection, session: Session, { id, filters }: Unsubscribe): void {
    const { subscriptions, distributor, sink } = this.#parts;
    // [MQTT-4.7.3-1]
    if (filters.includes('')) throw new MalformedPacket('an empty filter');
    let changed = false;
    for (const filter of filters) {
      if (!subscriptions.remove(session, filter)) continue;
      changed = true;
      if (filter.startsWith('$share/')) distributor.handOver(session, true, filter);
      sink.unsubscribed?.(connection, filter);
    }
    this.#recorded(connection, session, changed, () => connection.send(unsuback(id)));
  }

  /** Goes on when the session's subscriptions are on disk, where they have to be. */
  #recorded(connection: Connection, session: Session, changed: boolean, then: () => void): void {
    if (session.journal === undefined) {
      then();
      return;
    }
    if (changed) this.#parts.record(session);
    session.journal.commit().then(
      () => {
        if (!connection.closed) then();
      },
      (error: unknown) => connection.close(`the store has failed: ${error}`),
    );
  }
}
