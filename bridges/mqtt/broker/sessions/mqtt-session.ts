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
import type { SessionConnection } from './session-connection.ts';

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
  /** Defined if the session outlives the process. */
  readonly journal: Journal | undefined;
  /** Counts about one tick for each second in which the process runs. */
  readonly checks?: { readonly ticks: number };
  readonly backpressure?: RelievedSessions;
}

/** Ticks without an acknowledgement, while messages are in flight, after which a client counts as stalled. */
const STALE = 2;
/** Messages that `expire` checks and keeps in one step. */
export const EXPIRY_RUN = 20;
/** Most messages in the queue of a connected client from which on publishers wait. */
const HIGH_WATER = 500;

/** The state of a client in the broker, from its first CONNECT until the session ends. [MQTT-4.1] */
export class MqttSession {
  readonly clientId: string;
  /** The user who has created it. No other user may open it. */
  readonly owner: string | undefined;
  /** The quota key that it counts for. */
  readonly quotaKey: string;
  /** Whether it outlives its connection. [MQTT-3.1.2-4] */
  readonly isKept: boolean;
  readonly journal: Journal | undefined;
  readonly subscriptions = new Map<string, Qos>();
  /** Memory of the subscriptions, in bytes. */
  subscriptionBytes = 0;
  readonly queue: SessionQueue;
  /**
   * Packet identifiers of incoming QoS 2 messages that are not released by PUBREL: `arriving` until the message is
   * authorized and written, then `received`. [MQTT-4.3.3-2]
   */
  readonly incoming = new Map<number, 'arriving' | 'received'>();
  connection: SessionConnection | undefined;
  /**
   * Its client is the bridge of another broker: it receives the retain flag, and not the messages that it has published
   * itself.
   */
  isBridge = false;
  /** By the clock of ages, while no client is connected. */
  disconnectedAt: number | undefined;
  /** The session has ended: nothing is queued any more. */
  ended = false;
  /** The client is too slow: no publisher waits for it. */
  isSlow = false;
  /** Number of acknowledgements of its client. */
  acknowledgements = 0;
  /** Dropped messages since the last CONNACK. */
  dropped = 0;
  readonly #dependencies: SessionDependencies;
  /** The tick of the last acknowledgement, or of the first message that was sent after an empty window. */
  #progressAt = 0;
  /** Messages and bytes in the queue from which on publishers wait while the client is connected. */
  readonly #high: { readonly messages: number; readonly bytes: number };

  constructor(
    clientId: string,
    owner: string | undefined,
    keeps: boolean,
    dependencies: SessionDependencies,
    quotaKey = ownerQuotaKey(undefined),
  ) {
    this.clientId = clientId;
    this.quotaKey = quotaKey;
    this.owner = owner;
    this.isKept = keeps;
    this.journal = dependencies.journal;
    this.#dependencies = dependencies;
    this.queue = new SessionQueue(dependencies.window, dependencies.memory);
    const { maxMessages, maxBytes } = dependencies.limits;
    this.#high = { messages: Math.ceil(Math.min(maxMessages / 2, HIGH_WATER)), bytes: maxBytes / 2 };
  }

  /** Whether the queue is so long that publishers should wait. */
  get isBehind(): boolean {
    return this.queue.length >= this.#high.messages || this.queue.bytes >= this.#high.bytes;
  }

  /** Whether the queue is so short again that publishers continue. */
  get isRelieved(): boolean {
    return this.queue.length * 2 <= this.#high.messages && this.queue.bytes * 2 <= this.#high.bytes;
  }

  /** Whether a message should wait until the client has acknowledged others. */
  isObstacle(message: BrokerMessage): boolean {
    if (this.connection === undefined || this.isSlow || this.queue.length === 0) return false;
    // The client stopped acknowledging long before a publisher had to wait.
    if (this.#dependencies.checks !== undefined && this.#dependencies.checks.ticks - this.#progressAt > STALE) {
      this.isSlow = this.isBehind;
      return false;
    }
    const { limits, memory } = this.#dependencies;
    return this.isBehind || this.queue.bytes + message.size + ENTRY_BYTES > limits.maxBytes || !memory.accepts(message);
  }

  /** Limit of messages in the queue. */
  get maxMessages(): number {
    return this.#dependencies.limits.maxMessages;
  }

  get connected(): boolean {
    return this.connection !== undefined;
  }

  /**
   * Adds a message to the queue. If the session is durable, the message is added to the journal too, and is `Staged`
   * until that is committed. Returns undefined if the message does not fit, which is counted.
   */
  enqueue(message: BrokerMessage, qos: Qos, retain: boolean, share?: string): QueuedMessage | undefined {
    const { limits, memory } = this.#dependencies;
    if (this.ended) return undefined;
    const bytes = message.size + ENTRY_BYTES;
    if (bytes > limits.maxBytes)
      return this.#drop(message, 'the message is larger than the session queue ("queue.maxBytes")');
    while (this.queue.length >= limits.maxMessages || this.queue.bytes + bytes > limits.maxBytes) {
      const victim = limits.full === 'drop-oldest' ? this.queue.oldestWaiting() : undefined;
      if (victim === undefined) return this.#drop(message, 'the session queue is full');
      this.#drop(victim.message, 'the session queue is full');
      this.remove(victim);
    }
    if (!memory.accepts(message) && !this.#dependencies.relief.relieve(this, message)) {
      return this.#drop(message, 'the memory limit of all queues is reached ("maxStoredBytes")');
    }
    // The message may stay in the queue for a long time.
    if (this.connection === undefined || this.queue.length >= this.#dependencies.window) message.ownPayload();
    const state = this.journal === undefined ? QueuedState.Waiting : QueuedState.Staged;
    const entry = this.queue.add(message, qos, retain, state, share);
    this.journal?.queued(this.clientId, entry);
    return entry;
  }

  /**
   * Delivers one message, whatever the client has subscribed. At QoS 1 and 2 it is queued, and sent once it is on disk
   * if the session is durable. `share`: the shared subscription that it came by.
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

  /** Removes a message that was acknowledged, dropped or given to another session. */
  remove(entry: QueuedMessage): void {
    if (entry.removed) return;
    this.queue.remove(entry);
    this.journal?.unqueued(this.clientId, entry);
  }

  /** Drops a queued message to free memory for a message of another client. */
  evict(entry: QueuedMessage): void {
    this.#drop(entry.message, 'the memory limit of all queues is reached: evicted for a message of another client');
    this.remove(entry);
  }

  /** A staged message is on disk and may be sent. */
  released(entry: QueuedMessage): void {
    this.queue.release(entry);
    this.pump();
  }

  /** Sends queued messages while the connection has capacity and the in-flight window is open. */
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

  /** Handles PUBACK, PUBREC and PUBCOMP. One that is not the next in its flow closes the connection. [MQTT-4.3.3-1] */
  acknowledged(type: AcknowledgementType, id: number): void {
    const entry = this.queue.get(id);
    if (entry?.inFlight !== true) {
      // The message is finished, but the client does not know that and waits for PUBREL.
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
    if (!isLast) throw new MalformedPacket('acknowledgement type does not match the QoS or state of its message');
    this.remove(entry);
    this.#progressed();
    this.journal?.flush();
    this.pump();
    this.#dependencies.backpressure?.relieved(this);
  }

  /**
   * Drops messages that were received before `before` and not sent. Yields for each dropped message, and for each run
   * of others.
   */
  *expire(before: number): Generator<void, void, undefined> {
    let others = 0;
    for (const entry of this.queue.entries()) {
      if (entry.state === QueuedState.Waiting && entry.message.receivedAt < before) {
        this.#drop(entry.message, 'the queued message has expired ("queue.maxAge")');
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
    // PUBREL lets the client forget the identifier. If the message was sent again after a crash, the client would take
    // it for a new one.
    journal.changed(this.clientId, entry);
    journal.commit().then(release, (error: unknown) => {
      // The state on disk is still the one before PUBREC, so the state in memory must match it.
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
