const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
const encoder = new TextEncoder();

/** Text up to this length is built by a loop, because the fixed cost of the decoder is higher. */
const SHORT = 12;

/** The string in `bytes` from `start` to `end`, which is known to be well-formed UTF-8. */
export function decodeUtf8(bytes: Uint8Array, start: number, end: number): string {
  if (end - start > SHORT) return decoder.decode(view(bytes, start, end));
  let text = '';
  for (let i = start; i < end; i++) {
    const byte = bytes[i] ?? 0;
    if (byte > 0x7f) return decoder.decode(view(bytes, start, end));
    text += String.fromCharCode(byte);
  }
  return text;
}

/** The UTF-8 of `text`. A lone surrogate becomes U+FFFD. */
export function encodeUtf8(text: string): Uint8Array {
  return encoder.encode(text);
}

/**
 * Whether `bytes` from `start` to `end` are UTF-8: no overlong forms, no surrogates, nothing above U+10FFFF. [RFC 3629]
 */
export function isUtf8(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if ((bytes[i] ?? 0) > 0x7f) return isLongUtf8(bytes, i, end);
  return true;
}

function isLongUtf8(bytes: Uint8Array, start: number, end: number): boolean {
  let pos = start;
  while (pos < end) {
    if ((bytes[pos] ?? 0) < 0x80) pos++;
    else {
      const length = sequenceLength(bytes, pos, end);
      if (length === 0) return false;
      pos += length;
    }
  }
  return true;
}

/** The length of the multi-byte sequence at `pos`. 0 if it is ill-formed or incomplete. [RFC 3629, section 4] */
export function sequenceLength(bytes: Uint8Array, pos: number, end: number): 0 | 2 | 3 | 4 {
  const lead = bytes[pos] ?? 0;
  if (lead < 0xc2 || lead > 0xf4) return 0;
  const length = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  if (pos + length > end) return 0;
  const second = bytes[pos + 1] ?? 0;
  // The range of the second byte excludes overlong forms, surrogates and values that are too large.
  const low = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
  const high = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
  if (second < low || second > high) return 0;
  for (let i = 2; i < length; i++) if (((bytes[pos + i] ?? 0) & 0xc0) !== 0x80) return 0;
  return length;
}

// Not `subarray`: on a Node Buffer it returns a Buffer, and is several times slower.
/** The part of `bytes` from `start` to `end`, without a copy. */
export function view(bytes: Uint8Array, start: number, end: number): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset + start, end - start);
}
