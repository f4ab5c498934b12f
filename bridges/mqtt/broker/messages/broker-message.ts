import type { Owner } from '../../../../src/gateway/bridge/bridge.ts';
import type { Qos } from '../../source/mqtt-source.ts';

/** What a message costs beside its topic and payload, in bytes: its object, and the buffer around the payload. */
const OVERHEAD = 320;
/** A payload is copied where it is kept and shares its memory with more than so many bytes that are not kept. */
const WASTE = 1024;

/** A message on its way through the broker. One object, whoever gets it. */
export class BrokerMessage {
  readonly topic: string;
  readonly qos: Qos;
  readonly retain: boolean;
  /** When it came, by the clock of ages. */
  receivedAt: number;
  /** Whose it is; undefined if an earlier version wrote it, or it is the broker's own. One object for all of a client. */
  readonly owner: Owner | undefined;
  /** Its number in the store; 0 where it is not there. */
  number = 0;
  /** The client id of the bridge that it came by: that broker has it, and does not get it back. */
  bridge: string | undefined = undefined;
  /** How many queues hold it. */
  queueCount = 0;
  #payload: Buffer;
  /** 0 until somebody asks. */
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

  /** The memory that it takes, in bytes. */
  get size(): number {
    return this.topicBytes + this.#payload.length + OVERHEAD;
  }

  /** The memory that its topic takes: a single character beyond Latin-1 makes each one take two bytes. */
  get topicBytes(): number {
    if (this.#topicBytes === 0) {
      const { topic } = this;
      this.#topicBytes = Buffer.byteLength(topic) === topic.length ? topic.length : 2 * topic.length;
    }
    return this.#topicBytes;
  }

  /** It will stay: it lets go of the chunk that it came in. */
  detachFromChunk(): void {
    const payload = this.#payload;
    if (payload.buffer.byteLength - payload.length > WASTE) this.#payload = Buffer.from(payload);
  }

  /** It will stay for long: it shares memory with nothing else, since a part of a block keeps all of the block. */
  ownPayload(): void {
    const payload = this.#payload;
    if (payload.buffer.byteLength === payload.length) return;
    const own = Buffer.allocUnsafeSlow(payload.length);
    own.set(payload);
    this.#payload = own;
  }
}
