/** The largest block that is decompressed. */
const MAX_LENGTH = 2 ** 30;

/** Decompresses Snappy. Undefined if the data is damaged. [snappy/format_description.txt] */
export function unsnappy(bytes: Uint8Array): Uint8Array | undefined {
  const input: Input = { bytes, at: 0 };
  const length = readLength(input);
  if (length === undefined || length > MAX_LENGTH) return undefined;
  const out = new Uint8Array(length);
  let end = 0;
  while (input.at < bytes.length) {
    const tag = bytes[input.at++] ?? 0;
    const after = (tag & 3) === 0 ? literal(input, tag, out, end) : copy(input, tag, out, end);
    if (after === undefined) return undefined;
    end = after;
  }
  return end === length ? out : undefined;
}

interface Input {
  readonly bytes: Uint8Array;
  at: number;
}

/** The length of the decompressed data: a varint at the start. */
function readLength(input: Input): number | undefined {
  let length = 0;
  for (let shift = 0; shift <= 28; shift += 7) {
    const byte = input.bytes[input.at++];
    if (byte === undefined) return undefined;
    length += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) return length;
  }
  return undefined;
}

function readLittleEndian(input: Input, count: number): number {
  let value = 0;
  for (let n = 0; n < count; n++) value += (input.bytes[input.at++] ?? 0) * 2 ** (8 * n);
  return value;
}

/** Writes a literal at `end`, and returns the new end. Undefined if the literal does not fit. */
function literal(input: Input, tag: number, out: Uint8Array, end: number): number | undefined {
  const upper = tag >> 2;
  const size = (upper < 60 ? upper : readLittleEndian(input, upper - 59)) + 1;
  if (input.at + size > input.bytes.length || end + size > out.length) return undefined;
  out.set(input.bytes.subarray(input.at, input.at + size), end);
  input.at += size;
  return end + size;
}

/** Repeats bytes of the output at `end`, and returns the new end. Undefined if the offset or the size is not valid. */
function copy(input: Input, tag: number, out: Uint8Array, end: number): number | undefined {
  const upper = tag >> 2;
  const short = (tag & 3) === 1;
  const size = short ? (upper & 7) + 4 : upper + 1;
  const offset = short
    ? (tag >> 5) * 256 + readLittleEndian(input, 1)
    : readLittleEndian(input, (tag & 3) === 2 ? 2 : 4);
  if (offset === 0 || offset > end || end + size > out.length) return undefined;
  // Byte by byte, because source and target of a copy may overlap.
  for (let n = end; n < end + size; n++) out[n] = out[n - offset] ?? 0;
  return end + size;
}
