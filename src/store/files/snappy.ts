/** Decompresses Snappy; undefined if the data is damaged. [snappy/format_description.txt] */
export function unsnappy(bytes: Uint8Array): Uint8Array | undefined {
  let at = 0;
  let length = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[at++];
    if (byte === undefined || shift > 28) return undefined;
    length += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) break;
  }
  if (length > 2 ** 30) return undefined;
  const out = new Uint8Array(length);
  let end = 0;
  const little = (count: number): number => {
    let value = 0;
    for (let n = 0; n < count; n++) value += (bytes[at++] ?? 0) * 2 ** (8 * n);
    return value;
  };
  while (at < bytes.length) {
    const tag = bytes[at++] ?? 0;
    const upper = tag >> 2;
    if ((tag & 3) === 0) {
      const size = (upper < 60 ? upper : little(upper - 59)) + 1;
      if (at + size > bytes.length || end + size > length) return undefined;
      out.set(bytes.subarray(at, at + size), end);
      at += size;
      end += size;
      continue;
    }
    const short = (tag & 3) === 1;
    const size = short ? (upper & 7) + 4 : upper + 1;
    const offset = short ? (tag >> 5) * 256 + little(1) : little((tag & 3) === 2 ? 2 : 4);
    if (offset === 0 || offset > end || end + size > length) return undefined;
    // Byte by byte, because source and target of a copy may overlap.
    for (let n = 0; n < size; n++, end++) out[end] = out[end - offset] ?? 0;
  }
  return end === length ? out : undefined;
}
