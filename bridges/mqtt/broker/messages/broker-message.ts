import type { Owner } from '../../../../src/gateway/bridge/bridge.ts';
import type { Qos } from '../../source/mqtt-source.ts';

/** Bytes that a message takes beside its topic and payload: its object, and the buffer around the payload. */
const OVERHEAD = 320;
/** A payload that is kept is copied if it shares its buffer with more than this number of bytes that are not kept. */
const WASTE = 1024;

/** A message in the broker. All its receivers share one object. */
export class BrokerMessage {
  readonly topic: string;
  readonly qos: Qos;
  readonly retain: boolean;
  /** When it was received, by the clock of ages. */
  receivedAt: number;
  /**
   * Its publisher. Undefined if version 0.1 wrote the record, or the broker published it. One object for all messages
   * of a client.
   */
  readonly owner: Owner | undefined;
  /** Its number in the store. 0 if it is not stored. */
  number = 0;
  /**
   * The client id of the bridge that published it. The broker of that bridge has the message already, so it is not sent
   * back.
   */
  bridge: string | undefined = undefined;
  /** Number of queues that hold it. */
  queueCount = 0;
  #payload: Buffer;
  /** 0 until it is computed. */
  #topicBytes = 0;

  constructor(topic: string, payload: Buffer, qos: Qos, retain: boolean, receivedAt: number, owner?: Owner) {
    this.topic = topic;
    this.#payload = payload;
    this.qos = qos;
    this.retain = retain;
    this.receivedAt = receivedAt;
    this.owner = owner;
  }

  get payload(): Buffer {
    return this.#payload;
  }

  /** Memory that the message takes, in bytes. */
  get size(): number {
    return this.topicBytes + this.#payload.length + OVERHEAD;
  }

  /** Memory that the topic takes, in bytes. One character beyond Latin-1 makes every character take two bytes. */
  get topicBytes(): number {
    if (this.#topicBytes === 0) {
      const { topic } = this;
      this.#topicBytes = Buffer.byteLength(topic) === topic.length ? topic.length : 2 * topic.length;
    }
    return this.#topicBytes;
  }

  /** The message is kept: copies the payload if it holds a much larger chunk in memory. */
  detachFromChunk(): void {
    const payload = this.#payload;
    if (payload.buffer.byteLength - payload.length > WASTE) this.#payload = Buffer.from(payload);
  }

  /**
   * For a message that is kept for long: gives the payload its own buffer. A part of a pooled block would keep the
   * whole block in memory.
   */
  ownPayload(): void {
    const payload = this.#payload;
    if (payload.buffer.byteLength === payload.length) return;
    const own = Buffer.allocUnsafeSlow(payload.length);
    own.set(payload);
    this.#payload = own;
  }
}
