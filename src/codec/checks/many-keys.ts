import { decodeUtf8 } from '../bytes/utf8.ts';
import { wellFormed } from './well-formed.ts';

/** A random seed, so that no sender can choose keys that fall into the same slots. */
const SEED = (Math.random() * 0x1_0000_0000) | 0;
/**
 * The average number of extra probes that keys may cost. Above this, the keys were made to collide and go into a set.
 */
const PROBES = 8;
/** The hash, start and end of a key. */
const ENTRY = 3;

/** The keys of a large dictionary, as positions in its bytes: open addressing, at most half full. */
export class ManyKeys {
  #entries = new Int32Array(128 * ENTRY);
  /** By hash: the number of an entry, from 1. 0 is a free slot. */
  #slots = new Int32Array(256);
  #count = 0;
  #probes = 0;
  /** Replaces the table if some keys differ from their bytes, or collide. */
  #texts: Set<string> | undefined;

  /** Adds the key with UTF-8 from `start` to `end`. Returns false if the key is a duplicate. */
  add(bytes: Uint8Array, start: number, end: number): boolean {
    if (this.#texts !== undefined) return this.#addTo(this.#texts, decodeUtf8(bytes, start, end));
    const hash = hashOf(bytes, start, end);
    const mask = this.#slots.length - 1;
    let slot = hash & mask;
    for (let number = this.#slots[slot] ?? 0; number !== 0; number = this.#slots[slot] ?? 0) {
      const at = (number - 1) * ENTRY;
      if (this.#entries[at] === hash && this.#holds(at, bytes, start, end)) return false;
      slot = (slot + 1) & mask;
      this.#probes++;
    }
    this.#keep(slot, hash, start, end);
    if (this.#probes > PROBES * (this.#count + 64)) this.#textsOf(bytes);
    return true;
  }

  /** Like `add`, for a key whose text differs from the bytes. All other keys are in `bytes`. */
  addText(text: string, bytes: Uint8Array): boolean {
    return this.#addTo(this.#texts ?? this.#textsOf(bytes), text);
  }

  #addTo(texts: Set<string>, text: string): boolean {
    // Two keys that differ only in lone surrogates are the same key in a format whose text is UTF-8.
    const key = wellFormed(text);
    if (texts.has(key)) return false;
    texts.add(key);
    return true;
  }

  #textsOf(bytes: Uint8Array): Set<string> {
    const texts = new Set<string>();
    for (let at = 0; at < this.#count * ENTRY; at += ENTRY) {
      texts.add(decodeUtf8(bytes, this.#entries[at + 1] ?? 0, this.#entries[at + 2] ?? 0));
    }
    this.#texts = texts;
    return texts;
  }

  #keep(slot: number, hash: number, start: number, end: number): void {
    const at = this.#count++ * ENTRY;
    this.#entries[at] = hash;
    this.#entries[at + 1] = start;
    this.#entries[at + 2] = end;
    this.#slots[slot] = this.#count;
    if (this.#count * ENTRY === this.#entries.length) this.#grow();
  }

  #grow(): void {
    const entries = new Int32Array(2 * this.#entries.length);
    entries.set(this.#entries);
    const slots = new Int32Array(2 * this.#slots.length);
    const mask = slots.length - 1;
    for (let number = 1; number <= this.#count; number++) {
      let slot = (entries[(number - 1) * ENTRY] ?? 0) & mask;
      while (slots[slot] !== 0) {
        slot = (slot + 1) & mask;
        this.#probes++;
      }
      slots[slot] = number;
    }
    this.#entries = entries;
    this.#slots = slots;
  }

  #holds(at: number, bytes: Uint8Array, start: number, end: number): boolean {
    const from = this.#entries[at + 1] ?? 0;
    if ((this.#entries[at + 2] ?? 0) - from !== end - start) return false;
    for (let i = start, j = from; i < end; i++, j++) if (bytes[i] !== bytes[j]) return false;
    return true;
  }
}

function hashOf(bytes: Uint8Array, start: number, end: number): number {
  let hash = SEED ^ (end - start);
  for (let i = start; i < end; i++) hash = Math.imul(hash ^ (bytes[i] ?? 0), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x45d9f3b);
  return hash ^ (hash >>> 15);
}
