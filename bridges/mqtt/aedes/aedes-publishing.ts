import type { Clock } from '../../../src/base/clock.ts';
import type { DropCounter } from '../report/drop-counter.ts';
import { isBridgeNotice } from '../source/bridge-notice.ts';
import type { MessageVerdict, MqttMessage, MqttPublication, MqttSink } from '../source/mqtt-source.ts';
import type { AedesClient, AedesPacket, AedesPeer, AedesSender } from './aedes-peer.ts';
import { isAedesTopic } from './aedes-text.ts';
import { CallbackQueue } from './callback-queue.ts';

/** Own publications that may wait for their turn of the event loop. */
const MAX_WAITING = 10_000;
/** The topic of messages that are acknowledged and passed on to no client. */
export const WITHHELD = '$withheld';

/** Members of aedes that its types do not declare: the stores of unreleased QoS 2 messages and of retained messages. */
export interface AedesPersistence {
  readonly persistence: {
    incomingGetPacket(client: AedesClient, packet: AedesPacket): Promise<unknown>;
    createRetainedStream(pattern: string): AsyncIterable<AedesPacket>;
  };
}

export interface AedesPublishingDependencies {
  readonly sink: MqttSink;
  readonly clock: Clock;
  readonly drops: DropCounter;
}

/** The messages of the aedes broker: publications of the realm, and the verdict on messages of clients. */
export class AedesPublishing {
  readonly #aedes: AedesSender;
  readonly #dependencies: AedesPublishingDependencies;
  /** Publications of the realm. */
  readonly #queue = new CallbackQueue();
  #packets = 0;
  #isStopping = false;

  constructor(aedes: AedesSender, dependencies: AedesPublishingDependencies) {
    this.#aedes = aedes;
    this.#dependencies = dependencies;
  }

  publish(publication: MqttPublication): void {
    const { topic, payload, qos, retain } = publication;
    if (!isAedesTopic(topic)) {
      this.#dependencies.drops.add('invalid MQTT topic name', { topic });
      return;
    }
    if (this.#queue.length >= MAX_WAITING) {
      this.#dependencies.drops.add('the publish queue of the broker is full', { topic });
      return;
    }
    const packet = {
      cmd: 'publish' as const,
      topic,
      payload: Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength),
      qos,
      retain,
      dup: false,
      brokerId: this.#origin(),
    };
    // A stored message is emitted some microtasks later than one that is not stored, and must not be overtaken.
    const lane = (retain ? 1 : 0) + (qos > 0 ? 2 : 0);
    this.#queue.enter(undefined, lane, () => {
      this.#aedes.publish(packet, error => {
        if (error && !this.#isStopping)
          this.#dependencies.drops.add('refused by the broker', { topic, refusal: error.message });
      });
    });
  }

  /** Publications that fail from now on are not counted: the broker is closing. */
  stop(): void {
    this.#isStopping = true;
  }

  publishTo(client: AedesClient, { topic, payload, qos, retain }: MqttPublication): void {
    const message = { cmd: 'publish' as const, topic, payload: Buffer.from(payload), qos, retain, dup: false };
    const packet = { ...message, brokerId: this.#origin(), brokerCounter: 1 };
    client.publish(packet, error => {
      if (error) this.#dependencies.drops.add('the client disconnected', { topic });
    });
  }

  /**
   * The hook for every message of a client and its will. aedes acknowledges, stores and forwards the message after it.
   */
  authorize(
    client: AedesClient | null,
    packet: AedesPacket,
    peer: AedesPeer | undefined,
    callback: (error?: Error | null) => void,
  ): void {
    // Text check, also for the will, whose topic aedes does not check. [MQTT-3.3.2-2]
    if (!isAedesTopic(packet.topic)) {
      callback(new Error('the topic must be UTF-8 without control characters and wildcards'));
      return;
    }
    if (isBridgeNotice(packet.topic)) {
      withhold(packet);
      callback(null);
      return;
    }
    if (packet.topic.startsWith('$SYS/')) {
      callback(new Error('topics that begin with $SYS/ are reserved for the broker'));
      return;
    }
    Object.assign(packet, { brokerId: this.#origin() });
    // Acknowledgement order: the acknowledgement waits for acceptance. aedes acknowledges first.
    const verdict = this.#verdict(client, packet, peer);
    if (verdict === 'withhold') withhold(packet);
    const accepted = typeof verdict === 'string' ? undefined : verdict.then(found => carryOut(found, packet));
    // A disconnected client has only its will left, so there is no order to keep.
    const line = peer === undefined || peer.closed ? new CallbackQueue() : peer.line;
    line.enter(accepted, packet.retain ? 1 + packet.qos : 0, callback);
    if (accepted !== undefined) peer?.awaits(accepted);
  }

  #verdict(
    client: AedesClient | null,
    packet: AedesPacket,
    peer: AedesPeer | undefined,
  ): MessageVerdict | Promise<MessageVerdict> {
    const message: MqttMessage = {
      topic: packet.topic,
      payload: typeof packet.payload === 'string' ? Buffer.from(packet.payload) : packet.payload,
      qos: packet.qos,
      retain: packet.retain,
      dup: packet.dup,
      receivedAt: this.#dependencies.clock.now(),
    };
    if (packet.qos < 2 || client === null || packet.messageId === undefined)
      return this.#dependencies.sink.message(message, peer);
    // A repeated packet was accepted before. [MQTT-4.3.3-2] Checked for every QoS 2 message, so that they keep their
    // order.
    const { persistence } = this.#aedes as unknown as AedesPersistence;
    return persistence.incomingGetPacket(client, packet).then(
      () => 'pass',
      () => this.#dependencies.sink.message(message, peer),
    );
  }

  /**
   * Duplicate check: aedes drops a packet if it has seen a later packet of the same origin. Each packet is its own
   * origin.
   */
  #origin(): string {
    this.#packets += 1;
    return this.#packets.toString(36);
  }
}

/** aedes continues with the changed packet and acknowledges it: on a topic that no client can subscribe to. */
function withhold(packet: AedesPacket): void {
  Object.assign(packet, { topic: WITHHELD, payload: Buffer.alloc(0), retain: false });
}

function carryOut(verdict: MessageVerdict, packet: AedesPacket): void {
  if (verdict === 'withhold') withhold(packet);
}
