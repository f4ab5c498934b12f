import { decodeUtf8, isUtf8 } from '../bytes/utf8.ts';

/** Slots to begin with and at most, powers of two, and the longest text that is kept, in bytes. */
const FIRST_SLOTS = 1024;
const MAX_SLOTS = 16_384;
const WIDTH = 64;

/**
 * Strings by their bytes. A peer names the same few URIs again and again: looking one up costs less than decoding it,
 * and the same string object every time makes the router's maps find it by its remembered hash. Two slots side by side hold
 * the last two texts that fell there, and the table grows, within a bound, while they push each other out.
 */
export class InternTable {
  #bytes = new Uint8Array(FIRST_SLOTS * WIDTH);
  #lengths = new Uint8Array(FIRST_SLOTS);
  #texts: string[] = new Array<string>(FIRST_SLOTS).fill('');
  /** Texts that were pushed out by another since the table grew last. */
  #lost = 0;

  /** The text in `bytes` from `start` to `end`; undefined where it is not UTF-8. */
  text(bytes: Uint8Array, start: number, end: number): string | undefined {
    const length = end - start;
    if (length > WIDTH) return isUtf8(bytes, start, end) ? decodeUtf8(bytes, start, end) : undefined;
    // Two sums side by side: each step of one waits for its step before.
    let even = length;
    let odd = 0;
    let i = start;
    for (; i + 1 < end; i += 2) {
      even = (Math.imul(even, 31) + (bytes[i] ?? 0)) | 0;
      odd = (Math.imul(odd, 31) + (bytes[i + 1] ?? 0)) | 0;
    }
    if (i < end) even = (Math.imul(even, 31) + (bytes[i] ?? 0)) | 0;
    const hash = even ^ Math.imul(odd, 0x5bd1e995);
    const slot = (hash ^ (hash >>> 15)) & (this.#texts.length - 1);
    if (this.#lengths[slot] === length && this.#holds(slot * WIDTH, bytes, start, end)) return this.#texts[slot] ?? '';
    const other = slot ^ 1;
    if (this.#lengths[other] === length && this.#holds(other * WIDTH, bytes, start, end))
      return this.#texts[other] ?? '';
    if (!isUtf8(bytes, start, end)) return undefined;
    const text = decodeUtf8(bytes, start, end);
    const isFull = this.#lengths[slot] !== 0 && this.#lengths[other] !== 0;
    if (isFull && ++this.#lost > 2 * this.#texts.length) this.#grow();
    else this.#keep(this.#lengths[slot] === 0 || (isFull && this.#turn()) ? slot : other, bytes, start, end, text);
    return text;
  }

  /** Which of two gives way: now one, now the other. */
  #turn(): boolean {
    return (this.#lost & 1) === 0;
  }

  #keep(slot: number, bytes: Uint8Array, start: number, end: number, text: string): void {
    const length = end - start;
    for (let i = 0; i < length; i++) this.#bytes[slot * WIDTH + i] = bytes[start + i] ?? 0;
    this.#lengths[slot] = length;
    this.#texts[slot] = text;
  }

  /** Begins anew with twice as many slots, if there may be: what is in use is soon here again. */
  #grow(): void {
    this.#lost = 0;
    const slots = 2 * this.#texts.length;
    if (slots > MAX_SLOTS) return;
    this.#bytes = new Uint8Array(slots * WIDTH);
    this.#lengths = new Uint8Array(slots);
    this.#texts = new Array<string>(slots).fill('');
  }

  #holds(at: number, bytes: Uint8Array, start: number, end: number): boolean {
    const own = this.#bytes;
    for (let i = start, j = at; i < end; i++, j++) if (bytes[i] !== own[j]) return false;
    return true;
  }
}
