import type { Qos } from '../mqtt-source.ts';

/** What a message costs beside its topic and payload, in bytes: a guess, so that small ones count too. */
const OVERHEAD = 64;
/** A payload is copied where it is kept and shares its memory with more than so many bytes that are not kept. */
const WASTE = 1024;

/** A message on its way through the broker. One object, whoever gets it. */
export class Message {
  readonly topic: string;
  readonly qos: Qos;
  readonly retain: boolean;
  /** Wall-clock milliseconds. */
  readonly receivedAt: number;
  /** Its number in the store; 0 where it is not there. */
  number = 0;
  /** How many queues hold it. */
  holders = 0;
  #payload: Buffer;

  constructor(topic: string, payload: Buffer, qos: Qos, retain: boolean, receivedAt: number) {
    this.topic = topic;
    this.#payload = payload;
    this.qos = qos;
    this.retain = retain;
    this.receivedAt = receivedAt;
  }

  get payload(): Buffer {
    return this.#payload;
  }

  get size(): number {
    return this.topic.length + this.#payload.length + OVERHEAD;
  }

  /** It will stay: it lets go of the chunk that it came in. */
  keep(): void {
    const payload = this.#payload;
    if (payload.buffer.byteLength - payload.length > WASTE) this.#payload = Buffer.from(payload);
  }
}
