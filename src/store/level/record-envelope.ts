import { crc32 } from 'node:zlib';

/**
 * The first bytes of a value on disk: four bytes that no record of version 0.1 begins with, then the CRC-32 of key and
 * value. 0xF5 does not occur in UTF-8, so it is not in JSON. The binary records of version 0.1 begin with 0 to 7. The
 * last byte is the version of the envelope.
 */
const MAGIC = Uint8Array.of(0xf5, 0x57, 0x50, 0x01);
/** Bytes that an envelope adds to a value. */
export const ENVELOPE = MAGIC.length + 4;
/** A value with so many of the magic bytes had an envelope, and is damaged. */
const REMAINS = 2;

/** Seals a value for the disk. The checksum covers the key too, so a value under another key counts as damaged. */
export function seal(key: string, value: Uint8Array): Uint8Array {
  const sealed = Buffer.allocUnsafe(ENVELOPE + value.length);
  sealed.set(MAGIC);
  sealed.writeUInt32BE(crc32(value, crc32(key)), MAGIC.length);
  sealed.set(value, ENVELOPE);
  return sealed;
}

/**
 * Opens a sealed value; undefined if it is damaged. `bare`: the store has records of version 0.1 without an envelope,
 * which are returned unchanged.
 */
export function unseal(key: string, sealed: Uint8Array, bare: boolean): Uint8Array | undefined {
  let found = 0;
  for (let index = 0; index < MAGIC.length; index++) if (sealed[index] === MAGIC[index]) found += 1;
  if (found < MAGIC.length) return bare && found < REMAINS ? sealed : undefined;
  if (sealed.length < ENVELOPE) return undefined;
  const { buffer, byteOffset } = sealed;
  const checksum = new DataView(buffer, byteOffset).getUint32(MAGIC.length);
  const value = sealed.subarray(ENVELOPE);
  return crc32(value, crc32(key)) === checksum ? value : undefined;
}
