import { type ClientPacket, MalformedPacket, PacketType } from './packet.ts';
import { decodePacket } from './packet-decoder.ts';

/** Bytes of the longest fixed header. [MQTT-2.2.3] */
const MAX_HEADER = 5;
/** Filters that are read of one packet, unless one client may have more. */
const MAX_FILTERS = 1_000;
const EMPTY = Buffer.alloc(0);

/**
 * Makes packets of the bytes of one connection, whatever chunks they come in. What is larger than the limit, and what
 * does not begin with CONNECT, is refused as soon as its first bytes are there. [MQTT-3.1.0-1]
 */
export class PacketReader {
  readonly #limit: number;
  readonly #maxFilters: number;
  /** Of the protocol that is spoken, once CONNECT has said so. */
  #level: number | undefined;
  #chunk: Buffer = EMPTY;
  #at = 0;
  /** Of a packet that came in pieces: its first byte, its room, how much of that has come. */
  #first = 0;
  #body: Buffer | undefined;
  #filled = 0;

  /** `limit`: the most bytes that may follow a fixed header. `maxFilters`: the most that are read of one packet. */
  constructor(limit: number, maxFilters = MAX_FILTERS) {
    this.#limit = limit;
    this.#maxFilters = Math.max(maxFilters, MAX_FILTERS);
  }

  /** Whether bytes are here that have not been looked at. */
  get pending(): boolean {
    return this.#at < this.#chunk.length;
  }

  push(chunk: Buffer): void {
    this.#chunk = this.pending ? Buffer.concat([this.#chunk.subarray(this.#at), chunk]) : chunk;
    this.#at = 0;
  }

  /** The next packet that is complete. Throws `MalformedPacket`; there is no going on after that. */
  next(): ClientPacket | undefined {
    if (this.#body !== undefined) return this.#continue(this.#body);
    const start = this.#at;
    const length = this.#header();
    if (length === undefined) {
      // Part of a header: it is read again when there is more.
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

  /** Reads a fixed header. Returns how much follows it, or undefined where it is not complete. */
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
      if (length > this.#limit) throw new MalformedPacket(`a packet is larger than ${this.#limit} bytes`);
      if (byte < 0x80) {
        this.#first = first;
        this.#at += index + 1;
        return length;
      }
      factor *= 128;
    }
    throw new MalformedPacket('a packet length of more than four bytes');
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

/** In MQTT 3.1, PUBREL, SUBSCRIBE and UNSUBSCRIBE may be marked as sent again. */
function withoutDup(first: number): number {
  const type = first >> 4;
  const may = type === PacketType.Pubrel || type === PacketType.Subscribe || type === PacketType.Unsubscribe;
  return may ? first & ~0x08 : first;
}
