import type { MqttPublication } from '../source/mqtt-source.ts';

export interface OutboundLimits {
  readonly maxMessages: number;
  readonly maxBytes: number;
  readonly whenFull: 'drop-oldest' | 'drop-new';
}

/** The overhead of a waiting message beside its topic and payload. */
const MESSAGE_BYTES = 200;

/** Messages that wait for a broker, in order and within limits. */
export class OfflineQueue {
  readonly #limits: OutboundLimits;
  /** From `#first` on; earlier entries have been sent. */
  #waiting: (MqttPublication | undefined)[] = [];
  #first = 0;
  #bytes = 0;

  constructor(limits: OutboundLimits) {
    this.#limits = limits;
  }

  get length(): number {
    return this.#waiting.length - this.#first;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Appends a message. Returns the number of dropped messages, including itself. */
  push(publication: MqttPublication): number {
    const { maxMessages, maxBytes, whenFull } = this.#limits;
    const bytes = bytesOf(publication);
    const fits = (): boolean => this.length < maxMessages && this.#bytes + bytes <= maxBytes;
    if (bytes > maxBytes || (whenFull === 'drop-new' && !fits())) return 1;
    let lost = 0;
    while (!fits()) {
      this.shift();
      lost += 1;
    }
    this.#waiting.push(publication);
    this.#bytes += bytes;
    return lost;
  }

  shift(): MqttPublication | undefined {
    const publication = this.#waiting[this.#first];
    if (publication === undefined) return undefined;
    this.#waiting[this.#first++] = undefined;
    this.#bytes -= bytesOf(publication);
    if (this.#first > 1000 && this.#first * 2 > this.#waiting.length) {
      this.#waiting = this.#waiting.slice(this.#first);
      this.#first = 0;
    }
    return publication;
  }
}

function bytesOf({ topic, payload }: MqttPublication): number {
  return MESSAGE_BYTES + topic.length + payload.byteLength;
}
