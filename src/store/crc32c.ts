let table: Uint32Array | undefined;

/** The checksum that LevelDB has in its files, of bytes from one index to another. */
export function crc32c(bytes: Uint8Array, from: number, to: number): number {
  table ??= Uint32Array.from({ length: 256 }, (_, byte) => {
    let value = byte;
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0x82f63b78 : value >>> 1;
    return value;
  });
  let value = 0xffffffff;
  for (let at = from; at < to; at++) value = (table[(value ^ (bytes[at] ?? 0)) & 0xff] ?? 0) ^ (value >>> 8);
  return (value ^ 0xffffffff) >>> 0;
}

/** As it is stored: rotated, as a checksum over data that contains checksums is a weak one. */
export function masked(checksum: number): number {
  return (((checksum >>> 15) | (checksum << 17)) + 0xa282ead8) >>> 0;
}
