import { errorMessage } from '../../../../src/base/error-message.ts';
import type { DropCounter } from '../../report/drop-counter.ts';
import type { Qos } from '../../source/mqtt-source.ts';
import { ownerQuotaKey } from '../../source/quota-key.ts';
import type { Journal } from '../durability/journal.ts';
import type { BrokerMessage } from '../messages/broker-message.ts';
import { ENTRY_BYTES, type MessageMemoryBudget } from '../messages/message-memory-budget.ts';
import { type QueuedMessage, QueuedState, SessionQueue } from '../messages/session-queue.ts';
import { type AcknowledgementType, MalformedPacket, PacketType } from '../packets/packet.ts';
import { acknowledgement, publish } from '../packets/packet-encoder.ts';

/** A client's connection, as its session uses it. */
export interface SessionConnection {
  /** Whether so little waits for the client that more may be written. */
  readonly writable: boolean;
  send(packet: Buffer): void;
  close(reason: string): void;
  /** Sends PUBLISH, which is counted. `bytes`: the size of its payload. */
  sendPublish(packet: Buffer, bytes: number): void;
  /** Sends PUBLISH at QoS 0. If too much waits for the client already, the message is dropped and counted. */
  sendAtMostOnce(packet: Buffer, bytes: number, topic: string): void;
}

export interface QueueLimits {
  readonly maxMessages: number;
  readonly maxBytes: number;
  readonly full: 'drop-oldest' | 'drop-newest';
}

/** Frees memory of the queues of all sessions. */
export interface MemoryRelief {
  /** Drops messages of other sessions, if this is fair, until a message to `receiver` fits. Returns whether it fits. */
  relieve(receiver: MqttSession, message: BrokerMessage): boolean;
}

/** Learns which queues have become shorter. */
export interface RelievedSessions {
  relieved(session: MqttSession): void;
}

export interface SessionDependencies {
  readonly limits: QueueLimits;
  readonly window: number;
  readonly memory: MessageMemoryBudget;
  readonly drops: DropCounter;
  readonly relief: MemoryRelief;
  /** Of a session that is to outlive the process. */
  readonly journal: Journal | undefined;
  /** Counts about one tick for each second in which the process runs. */
  readonly checks?: { readonly ticks: number };
  readonly backpressure?: RelievedSessions;
}

/** Ticks without an acknowledgement, of what was sent, after which a client counts as one that does not read. */
const STALE = 2;
/** Messages that are looked at and kept in one step of `expire`. */
export const EXPIRY_RUN = 20;
/** Messages in the queue of a client that is there, at most, from which on publishers wait. */
const HIGH_WATER = 500;

/** What a broker knows of a client, from its first CONNECT until the session is over. [MQTT-4.1] */
export class MqttSession {
  readonly clientId: string;
  /** Who has made it: nobody else gets it. */
  readonly owner: string | undefined;
  /** Whom it is counted for. */
  readonly quotaKey: string;
  /** Whether it outlives its connection. [MQTT-3.1.2-4] */
  readonly isKept: boolean;
  readonly journal: Journal | undefined;
  readonly subscriptions = new Map<string, Qos>();
  /** What the subscriptions take, in bytes. */
  subscriptionBytes = 0;
  readonly queue: SessionQueue;
  /**
   * Packet identifiers of QoS 2 messages that are not released: whether each was received, or is on its way to being
   * accepted and written. [MQTT-4.3.3-2]
   */
  readonly incoming = new Map<number, 'arriving' | 'received'>();
  connection: SessionConnection | undefined;
  /** Its client is a bridge of another broker: it is told what is retained, and not sent what has come from it. */
  isBridge = false;
  /** By the clock of ages, while no client is connected. */
  disconnectedAt: number | undefined;
  /** It is over: nothing is to be queued any more. */
  ended = false;
  /** It does not keep up: no publisher waits for it. */
  isSlow = false;
  /** How often its client has acknowledged a message. */
  acknowledgements = 0;
  /** Messages that were dropped and of which its client has not been told by the log. */
  dropped = 0;
  readonly #dependencies: SessionDependencies;
  /** When its client has acknowledged a message, or was sent the first one of those it has not acknowledged. */
  #progressAt = 0;
  /** Messages and bytes in the queue from which on publishers wait, while the client is there. */
  readonly #high: { readonly messages: number; readonly bytes: number };

  constructor(
    clientId: string,
    owner: string | undefined,
    keeps: boolean,
    dependencies: SessionDependencies,
    holder = ownerQuotaKey(undefined),
  ) {
    this.clientId = clientId;
    this.quotaKey = holder;
    this.owner = owner;
    this.isKept = keeps;
    this.journal = dependencies.journal;
    this.#dependencies = dependencies;
    this.queue = new SessionQueue(dependencies.window, dependencies.memory);
    const { maxMessages, maxBytes } = dependencies.limits;
    this.#high = { messages: Math.ceil(Math.min(maxMessages / 2, HIGH_WATER)), bytes: maxBytes / 2 };
  }

  /** Whether so much waits that publishers should wait, too. */
  get isBehind(): boolean {
    return this.queue.length >= this.#high.messages || this.queue.bytes >= this.#high.bytes;
  }

  /** Whether it has caught up. */
  get isRelieved(): boolean {
    return this.queue.length * 2 <= this.#high.messages && this.queue.bytes * 2 <= this.#high.bytes;
  }

  /** Whether a message should wait until the client has taken some of the others. */
  isObstacle(message: BrokerMessage): boolean {
    if (this.connection === undefined || this.isSlow || this.queue.length === 0) return false;
    // It has stopped to acknowledge long before anyone had to wait.
    if (this.#dependencies.checks !== undefined && this.#dependencies.checks.ticks - this.#progressAt > STALE) {
      this.isSlow = this.isBehind;
      return false;
    }
    const { limits, memory } = this.#dependencies;
    return this.isBehind || this.queue.bytes + message.size + ENTRY_BYTES > limits.maxBytes || !memory.accepts(message);
  }

  /** Messages that the queue has room for in all. */
  get maxMessages(): number {
    return this.#dependencies.limits.maxMessages;
  }

  get connected(): boolean {
    return this.connection !== undefined;
  }

  /**
   * Adds a message to what is to be sent. Where the session is in the journal, the message is too, and is `Staged`
   * until that is committed. Undefined where there is no room, which is counted.
   */
  enqueue(message: BrokerMessage, qos: Qos, retain: boolean, share?: string): QueuedMessage | undefined {
    const { limits, memory } = this.#dependencies;
    if (this.ended) return undefined;
    const bytes = message.size + ENTRY_BYTES;
    if (bytes > limits.maxBytes) return this.#drop(message, 'a message is larger than the queue of a session');
    while (this.queue.length >= limits.maxMessages || this.queue.bytes + bytes > limits.maxBytes) {
      const victim = limits.full === 'drop-oldest' ? this.queue.oldestWaiting() : undefined;
      if (victim === undefined) return this.#drop(message, 'the queue of a session is full');
      this.#drop(victim.message, 'the queue of a session is full');
      this.remove(victim);
    }
    if (!memory.accepts(message) && !this.#dependencies.relief.relieve(this, message)) {
      return this.#drop(message, 'all queues together are full');
    }
    // Nobody knows how long it will wait.
    if (this.connection === undefined || this.queue.length >= this.#dependencies.window) message.ownPayload();
    const state = this.journal === undefined ? QueuedState.Waiting : QueuedState.Staged;
    const entry = this.queue.add(message, qos, retain, state, share);
    this.journal?.queued(this.clientId, entry);
    return entry;
  }

  /**
   * Delivers one message, whatever the client has subscribed. At QoS 1 and 2 it is queued, and sent once it is on disk if the
   * session is durable. `share`: the shared subscription that it came by.
   */
  deliver(message: BrokerMessage, qos: Qos, retain: boolean, share?: string): void {
    if (qos === 0) {
      const { topic, payload } = message;
      const packet = publish(topic, payload, { qos, retain, dup: false, id: 0 });
      this.connection?.sendAtMostOnce(packet, payload.length, topic);
      return;
    }
    const entry = this.enqueue(message, qos, retain, share);
    if (entry === undefined) return;
    if (this.journal === undefined) {
      this.pump();
      return;
    }
    this.journal.commit().then(
      () => this.released(entry),
      () => {
        this.remove(entry);
        this.#dependencies.drops.add('store write failed', { topic: message.topic });
      },
    );
  }

  /** Forgets a message: acknowledged, dropped or given to another. */
  remove(entry: QueuedMessage): void {
    if (entry.removed) return;
    this.queue.remove(entry);
    this.journal?.unqueued(this.clientId, entry);
  }

  /** Drops a message that waits, so that one of another client has room. */
  evict(entry: QueuedMessage): void {
    this.#drop(entry.message, 'all queues together are full: a message gave its place to one of another client');
    this.remove(entry);
  }

  /** What is committed may be sent. */
  released(entry: QueuedMessage): void {
    this.queue.release(entry);
    this.pump();
  }

  /** Sends what the client can take. */
  pump(): void {
    const { connection, queue } = this;
    if (connection === undefined) return;
    if (queue.inFlight === 0) this.#progressAt = this.#dependencies.checks?.ticks ?? 0;
    while (connection.writable) {
      const entry = queue.next();
      if (entry === undefined) return;
      if (entry.state === QueuedState.Received) connection.send(acknowledgement(PacketType.Pubrel, entry.id));
      else {
        entry.state = QueuedState.Sent;
        const { topic, payload } = entry.message;
        connection.sendPublish(publish(topic, payload, entry), payload.length);
      }
    }
  }

  /** PUBACK, PUBREC or PUBCOMP has come. One that is not the next in its flow ends the connection. [MQTT-4.3.3-1] */
  acknowledged(type: AcknowledgementType, id: number): void {
    const entry = this.queue.get(id);
    if (entry?.inFlight !== true) {
      // Of a message that is finished: the client has not heard of that, and waits.
      if (type === PacketType.Pubrec) this.connection?.send(acknowledgement(PacketType.Pubrel, id));
      return;
    }
    if (type === PacketType.Pubrec && entry.qos === 2) {
      this.#progressed();
      this.#received(entry);
      return;
    }
    const isLast =
      entry.qos === 1
        ? type === PacketType.Puback
        : type === PacketType.Pubcomp && entry.state === QueuedState.Received;
    if (!isLast) throw new MalformedPacket('an acknowledgement of another kind than its message needs');
    this.remove(entry);
    this.#progressed();
    this.journal?.flush();
    this.pump();
    this.#dependencies.backpressure?.relieved(this);
  }

  /** Drops what waits and is too old to be sent; yields for each message that is dropped, and for each run of others. */
  *expire(before: number): Generator<void, void, undefined> {
    let others = 0;
    for (const entry of this.queue.entries()) {
      if (entry.state === QueuedState.Waiting && entry.message.receivedAt < before) {
        this.#drop(entry.message, 'a queued message is too old');
        this.remove(entry);
        yield;
      } else if (++others % EXPIRY_RUN === 0) {
        yield;
      }
    }
  }

  #received(entry: QueuedMessage): void {
    const { connection, journal } = this;
    const release = (): void => connection?.send(acknowledgement(PacketType.Pubrel, entry.id));
    const again = entry.state === QueuedState.Received;
    entry.state = QueuedState.Received;
    if (journal === undefined) release();
    if (journal === undefined || again) return;
    // PUBREL lets the client forget the identifier: sent again after a crash, the message would be a new one to it.
    journal.changed(this.clientId, entry);
    journal.commit().then(release, (error: unknown) => {
      // As if PUBREC had not come: nothing on disk says that it has.
      entry.state = QueuedState.Sent;
      connection?.close(`store write failed: ${errorMessage(error)}`);
    });
  }

  #progressed(): void {
    this.acknowledgements += 1;
    this.#progressAt = this.#dependencies.checks?.ticks ?? 0;
  }

  #drop(message: BrokerMessage, reason: string): undefined {
    this.dropped += 1;
    this.#dependencies.drops.add(reason, { topic: message.topic, clientId: this.clientId });
  }
}
