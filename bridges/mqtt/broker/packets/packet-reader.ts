import { type ClientPacket, MalformedPacket, PacketType } from './packet.ts';
import { decodePacket } from './packet-decoder.ts';

/** Bytes of the longest fixed header. [MQTT-2.2.3] */
const MAX_HEADER = 5;
/** Filters that are read of one packet, unless the configuration allows a client more. */
const MAX_FILTERS = 1_000;
const EMPTY = Buffer.alloc(0);

/**
 * Splits the bytes of one connection into packets, whatever chunks they are received in. A packet that is larger than
 * the limit is rejected as soon as its header is read. The first packet has to be CONNECT. [MQTT-3.1.0-1]
 */
export class PacketReader {
  readonly #limit: number;
  readonly #maxFilters: number;
  /** The protocol level of CONNECT. */
  #level: number | undefined;
  #chunk: Buffer = EMPTY;
  #at = 0;
  /** Of a packet that is received in pieces: its first byte, its buffer, and the number of bytes in it. */
  #first = 0;
  #body: Buffer | undefined;
  #filled = 0;

  /**
   * `limit`: maximum number of bytes behind a fixed header. `maxFilters`: maximum number of filters read of one packet.
   */
  constructor(limit: number, maxFilters = MAX_FILTERS) {
    this.#limit = limit;
    this.#maxFilters = Math.max(maxFilters, MAX_FILTERS);
  }

  /** Whether there are bytes that are not read yet. */
  get pending(): boolean {
    return this.#at < this.#chunk.length;
  }

  push(chunk: Buffer): void {
    this.#chunk = this.pending ? Buffer.concat([this.#chunk.subarray(this.#at), chunk]) : chunk;
    this.#at = 0;
  }

  /** The next complete packet. Throws `MalformedPacket`. The reader cannot be used after that. */
  next(): ClientPacket | undefined {
    if (this.#body !== undefined) return this.#continue(this.#body);
    const start = this.#at;
    const length = this.#header();
    if (length === undefined) {
      // The header is incomplete: it is read again with the next chunk.
      this.#at = start;
      return undefined;
    }
    const chunk = this.#chunk;
    const end = this.#at + length;
    if (end > chunk.length) return this.#begin(length);
    const packet = this.#decode(chunk, this.#at, end);
    this.#at = end;
    return packet;
  }

  /** Reads a fixed header. Returns the number of bytes that follow it, or undefined if it is incomplete. */
  #header(): number | undefined {
    const chunk = this.#chunk;
    const first = chunk[this.#at];
    if (first === undefined) return undefined;
    if (this.#level === undefined && first >> 4 !== PacketType.Connect)
      throw new MalformedPacket('the first packet must be CONNECT');
    let length = 0;
    let factor = 1;
    for (let index = 1; index < MAX_HEADER; index++) {
      const byte = chunk[this.#at + index];
      if (byte === undefined) return undefined;
      length += (byte & 0x7f) * factor;
      if (length > this.#limit)
        throw new MalformedPacket(`packet is larger than ${this.#limit} bytes ("maxPacketSize")`);
      if (byte < 0x80) {
        this.#first = first;
        this.#at += index + 1;
        return length;
      }
      factor *= 128;
    }
    throw new MalformedPacket('remaining length has more than four bytes');
  }

  #begin(length: number): undefined {
    this.#body = Buffer.allocUnsafe(length);
    this.#filled = this.#chunk.copy(this.#body, 0, this.#at);
    this.#drop();
  }

  #continue(body: Buffer): ClientPacket | undefined {
    const taken = this.#chunk.copy(body, this.#filled, this.#at);
    this.#filled += taken;
    this.#at += taken;
    if (this.#filled < body.length) {
      this.#drop();
      return undefined;
    }
    this.#body = undefined;
    return this.#decode(body, 0, body.length);
  }

  #decode(bytes: Buffer, at: number, end: number): ClientPacket {
    const first = this.#level === 3 ? withoutDup(this.#first) : this.#first;
    const packet = decodePacket(first, bytes, at, end, this.#maxFilters);
    if (packet.type === PacketType.Connect) this.#level ??= packet.level;
    return packet;
  }

  #drop(): void {
    this.#chunk = EMPTY;
    this.#at = 0;
  }
}

/** MQTT 3.1 allows the DUP flag in PUBREL, SUBSCRIBE and UNSUBSCRIBE. */
function withoutDup(first: number): number {
  const type = first >> 4;
  const may = type === PacketType.Pubrel || type === PacketType.Subscribe || type === PacketType.Unsubscribe;
  return may ? first & ~0x08 : first;
}
