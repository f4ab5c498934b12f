let tables: readonly [Uint32Array, Uint32Array, Uint32Array, Uint32Array] | undefined;

/** CRC-32C, the checksum of LevelDB's files, of a range of bytes. Processes four bytes at a time. */
export function crc32c(bytes: Uint8Array, from: number, to: number): number {
  tables ??= makeTables();
  const [one, two, three, four] = tables;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let value = 0xffffffff;
  let at = from;
  for (; at + 4 <= to; at += 4) {
    value ^= view.getUint32(at, true);
    value =
      (four[value & 0xff] ?? 0) ^
      (three[(value >>> 8) & 0xff] ?? 0) ^
      (two[(value >>> 16) & 0xff] ?? 0) ^
      (one[value >>> 24] ?? 0);
  }
  for (; at < to; at++) value = (one[(value ^ (bytes[at] ?? 0)) & 0xff] ?? 0) ^ (value >>> 8);
  return (value ^ 0xffffffff) >>> 0;
}

/** The stored form: rotated, because a checksum over data that contains checksums is weak. */
export function masked(checksum: number): number {
  return (((checksum >>> 15) | (checksum << 17)) + 0xa282ead8) >>> 0;
}

/** The effect of a byte on the checksum, alone and followed by one to three bytes. */
function makeTables(): readonly [Uint32Array, Uint32Array, Uint32Array, Uint32Array] {
  const one = Uint32Array.from({ length: 256 }, (_, byte) => {
    let value = byte;
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0x82f63b78 : value >>> 1;
    return value;
  });
  const behind = (table: Uint32Array): Uint32Array => table.map(value => (one[value & 0xff] ?? 0) ^ (value >>> 8));
  const two = behind(one);
  const three = behind(two);
  return [one, two, three, behind(three)];
}
