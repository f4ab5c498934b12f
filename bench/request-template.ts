import type { SerializerName } from '../src/codec/message/codec.ts';
import { type List, listFormats } from './list-format.ts';
import { MAX_HEAD, type WireName, wrap } from './wire-format.ts';

/**
 * The position of the 1 in a list `[48, 1, …]`: after the head of the list and the code, which is one byte in CBOR up
 * to 23.
 */
function idAt(serializer: SerializerName, code: unknown): number {
  if (serializer === 'json') return `[${String(code)},`.length;
  return serializer === 'cbor' && Number(code) > 23 ? 3 : 2;
}

/** A message that is encoded once. Only its request id changes. */
export class RequestTemplate {
  readonly #wire: WireName;
  readonly #before: Uint8Array;
  readonly #after: Uint8Array;
  #out = Buffer.alloc(64 * 1024);
  #length = 0;

  /** `list`: code, a request id of 1, and the rest. */
  constructor(wire: WireName, list: List) {
    const encoded = listFormats[wire.serializer].write(list);
    const at = idAt(wire.serializer, list[0]);
    this.#wire = wire;
    this.#before = encoded.slice(0, at);
    this.#after = encoded.slice(at + 1);
  }

  /** Adds a frame with request id `id`. */
  add(id: number): void {
    const room = MAX_HEAD + this.#before.length + 10 + this.#after.length;
    if (this.#length + room > this.#out.length) this.#out = Buffer.concat([this.#out, Buffer.alloc(this.#out.length)]);
    const out = this.#out;
    const body = this.#length + MAX_HEAD;
    out.set(this.#before, body);
    const afterId = this.#writeId(out, body + this.#before.length, id);
    out.set(this.#after, afterId);
    const length = afterId + this.#after.length - body;
    const start = wrap(this.#wire, out, this.#length, length);
    // The head is shorter than the reserved space.
    out.copyWithin(this.#length, start, body + length);
    this.#length += body + length - start;
  }

  /** Returns and removes the added frames. Undefined if no frame was added. */
  detach(): Buffer | undefined {
    if (this.#length === 0) return undefined;
    const frames = Buffer.from(this.#out.subarray(0, this.#length));
    this.#length = 0;
    return frames;
  }

  #writeId(out: Buffer, at: number, id: number): number {
    if (this.#wire.serializer === 'json') return at + out.write(String(id), at, 'latin1');
    const [largestInHead, oneByte] = this.#wire.serializer === 'cbor' ? [23, 0x18] : [127, 0xcc];
    if (id <= largestInHead) return out.writeUInt8(id, at);
    const exponent = id <= 0xff ? 0 : id <= 0xffff ? 1 : 2;
    out[at] = oneByte + exponent;
    return out.writeUIntBE(id, at + 1, 1 << exponent);
  }
}
