const CONNECT = 0x10;

/**
 * Follows the fixed headers of an MQTT stream, regardless of its chunks, and reports when the stream must be cut. That
 * is before a packet beyond the limit is collected, and at once if the stream does not begin with CONNECT.
 * [MQTT-2.2.3], [MQTT-3.1.0-1]
 */
export class PacketScanner {
  readonly #limit: number;
  #greeted = false;
  #inLength = false;
  #length = 0;
  #factor = 1;
  /** Outstanding bytes of the current packet, after its fixed header. */
  #missing = 0;

  /** `limit`: the most bytes after a fixed header. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Inspects the next bytes. Returns why the connection must be cut, or undefined. */
  scan(chunk: Uint8Array): string | undefined {
    let at = 0;
    while (at < chunk.length) {
      if (this.#missing > 0) {
        const step = Math.min(this.#missing, chunk.length - at);
        this.#missing -= step;
        at += step;
        continue;
      }
      const refusal = this.#header(chunk[at] ?? 0);
      if (refusal !== undefined) return refusal;
      at += 1;
    }
    return undefined;
  }

  #header(byte: number): string | undefined {
    if (!this.#inLength) {
      if (!this.#greeted && byte !== CONNECT) return 'the first packet must be CONNECT';
      this.#greeted = true;
      this.#inLength = true;
      this.#length = 0;
      this.#factor = 1;
      return undefined;
    }
    this.#length += (byte & 0x7f) * this.#factor;
    if (this.#length > this.#limit) return `a packet is larger than ${this.#limit} bytes`;
    if ((byte & 0x80) === 0) {
      this.#inLength = false;
      this.#missing = this.#length;
      return undefined;
    }
    this.#factor *= 128;
    return this.#factor > 128 ** 3 ? 'a packet length must not have more than four bytes' : undefined;
  }
}
