const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const PAD = 0x3d;
const SLASH = 0x2f;
const BACKSLASH = 0x5c;

const digits = new Uint8Array(64);
const values = new Uint8Array(256).fill(255);
for (let i = 0; i < 64; i++) {
  digits[i] = ALPHABET.charCodeAt(i);
  values[ALPHABET.charCodeAt(i)] = i;
}

/** The number of characters for `length` bytes, padding included. */
export function base64Length(length: number): number {
  return Math.ceil(length / 3) * 4;
}

/**
 * Writes `bytes` from `start` to `end` as Base64 into `target` at `at`, which must have enough space. [RFC 4648,
 * section 4]
 */
export function writeBase64(bytes: Uint8Array, start: number, end: number, target: Uint8Array, at: number): void {
  let out = at;
  for (let i = start; i < end; i += 3) {
    const left = end - i;
    const word =
      ((bytes[i] ?? 0) << 16) | (left > 1 ? (bytes[i + 1] ?? 0) << 8 : 0) | (left > 2 ? (bytes[i + 2] ?? 0) : 0);
    target[out++] = digits[word >>> 18] ?? 0;
    target[out++] = digits[(word >>> 12) & 63] ?? 0;
    target[out++] = left > 1 ? (digits[(word >>> 6) & 63] ?? 0) : PAD;
    target[out++] = left > 2 ? (digits[word & 63] ?? 0) : PAD;
  }
}

/** The bytes of the Base64 characters in `text` from `start` to `end`. Undefined if they are not Base64. */
export function readBase64(text: Uint8Array, start: number, end: number): Uint8Array | undefined {
  let stop = end;
  if ((end - start) % 4 === 0 && stop > start && text[stop - 1] === PAD) {
    stop--;
    if (text[stop - 1] === PAD) stop--;
  }
  const length = stop - start;
  // Missing padding is accepted. A single last digit is not valid.
  if (length % 4 === 1) return undefined;
  const bytes = new Uint8Array(Math.floor((length * 3) / 4));
  let out = 0;
  let word = 0;
  for (let i = 0; i < length; i++) {
    const value = values[text[start + i] ?? 0] ?? 255;
    if (value === 255) return undefined;
    word = (word << 6) | value;
    const phase = i & 3;
    if (phase !== 0) bytes[out++] = (word >>> (6 - 2 * phase)) & 255;
  }
  return bytes;
}

/**
 * Whether the characters in `text` from `start` to `end` are Base64 with padding. Slashes may have a backslash in
 * front, as some JSON encoders write them.
 */
export function isPaddedBase64(text: Uint8Array, start: number, end: number): boolean {
  let count = 0;
  let pads = 0;
  for (let i = start; i < end; i++, count++) {
    if (text[i] === BACKSLASH && text[i + 1] === SLASH) i++;
    if (text[i] === PAD) pads++;
    else if (pads > 0 || values[text[i] ?? 0] === 255) return false;
  }
  return count % 4 === 0 && pads <= 2;
}

/** `bytes` in Base64. */
export function base64Of(bytes: Uint8Array): string {
  const text = new Uint8Array(base64Length(bytes.length));
  writeBase64(bytes, 0, bytes.length, text, 0);
  return String.fromCharCode(...text);
}

/** The bytes of a Base64 text. Undefined if it is not Base64. */
export function bytesOfBase64(text: string): Uint8Array | undefined {
  const characters = new TextEncoder().encode(text);
  return readBase64(characters, 0, characters.length);
}
