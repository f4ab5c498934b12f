/** Shorter payloads, in bytes, are unmasked byte by byte, because the set-up for words costs more. */
const MIN_WORD_BYTES = 32;

// The key as a word in memory order, for machines of either endianness.
const keyBytes = new Uint8Array(4);
const keyWord = new Int32Array(keyBytes.buffer);

/** A view of the last unmasked buffer. A chunk has many frames, and making a view costs more than unmasking a frame. */
let words: Int32Array = new Int32Array(0);

/**
 * Unmasks `bytes` from `start` to `end` in place, with the four bytes of `mask` at `keyAt`. Returns whether all bytes
 * are ASCII: such text needs no UTF-8 check. [RFC6455-5.3]
 */
export function unmask(bytes: Uint8Array, start: number, end: number, mask: Uint8Array, keyAt: number): boolean {
  const key0 = mask[keyAt] ?? 0;
  const key1 = mask[keyAt + 1] ?? 0;
  const key2 = mask[keyAt + 2] ?? 0;
  const key3 = mask[keyAt + 3] ?? 0;
  let seen = 0;
  let at = start;
  // Byte by byte up to the first aligned word, and after the last.
  const offset = bytes.byteOffset;
  const firstWord = end - start < MIN_WORD_BYTES ? end : start + (-(offset + start) & 3);
  for (let i = 0; at < firstWord; at++, i++) {
    const byte = (bytes[at] ?? 0) ^ keyByte(i, key0, key1, key2, key3);
    bytes[at] = byte;
    seen |= byte;
  }
  if (at < end) {
    if (words.buffer !== bytes.buffer) words = new Int32Array(bytes.buffer, 0, bytes.buffer.byteLength >>> 2);
    const turn = at - start;
    for (let i = 0; i < 4; i++) keyBytes[i] = keyByte(turn + i, key0, key1, key2, key3);
    const key = keyWord[0] ?? 0;
    const last = (offset + end) >>> 2;
    let seenWords = 0;
    for (let word = (offset + at) >>> 2; word < last; word++) {
      const value = (words[word] ?? 0) ^ key;
      words[word] = value;
      seenWords |= value;
    }
    seen |= seenWords | (seenWords >>> 8) | (seenWords >>> 16) | (seenWords >>> 24);
    at = 4 * last - offset;
    for (let i = at - start; at < end; at++, i++) {
      const byte = (bytes[at] ?? 0) ^ keyByte(i, key0, key1, key2, key3);
      bytes[at] = byte;
      seen |= byte;
    }
  }
  return (seen & 0x80) === 0;
}

function keyByte(i: number, key0: number, key1: number, key2: number, key3: number): number {
  switch (i & 3) {
    case 0:
      return key0;
    case 1:
      return key1;
    case 2:
      return key2;
    default:
      return key3;
  }
}
