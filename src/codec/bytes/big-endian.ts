// Numbers in CBOR and MsgPack: most significant byte first. The caller has checked that the bytes are inside the frame.

const scratch = new DataView(new ArrayBuffer(8));
const scratchBytes = new Uint8Array(scratch.buffer);

export function readUint16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
}

export function readUint32(bytes: Uint8Array, at: number): number {
  return (
    (((bytes[at] ?? 0) << 24) | ((bytes[at + 1] ?? 0) << 16) | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0)) >>> 0
  );
}

/** As a number, rounded above 2^53. That is enough for a length, which is then too large in any case. */
export function readLength64(bytes: Uint8Array, at: number): number {
  return readUint32(bytes, at) * 0x1_0000_0000 + readUint32(bytes, at + 4);
}

/** A number up to 2^53, otherwise a bigint. */
export function readUint64(bytes: Uint8Array, at: number): number | bigint {
  const high = readUint32(bytes, at);
  if (high < 0x20_0000) return high * 0x1_0000_0000 + readUint32(bytes, at + 4);
  return exact((BigInt(high) << 32n) | BigInt(readUint32(bytes, at + 4)));
}

/** Two's complement: a number from -2^53 to 2^53, otherwise a bigint. */
export function readInt64(bytes: Uint8Array, at: number): number | bigint {
  if ((bytes[at] ?? 0) < 0x80) return readUint64(bytes, at);
  return exact(BigInt.asIntN(64, (BigInt(readUint32(bytes, at)) << 32n) | BigInt(readUint32(bytes, at + 4))));
}

export function readFloat32(bytes: Uint8Array, at: number): number {
  for (let i = 0; i < 4; i++) scratchBytes[i] = bytes[at + i] ?? 0;
  return scratch.getFloat32(0);
}

export function readFloat64(bytes: Uint8Array, at: number): number {
  for (let i = 0; i < 8; i++) scratchBytes[i] = bytes[at + i] ?? 0;
  return scratch.getFloat64(0);
}

/** IEEE 754 half precision: 1 sign, 5 exponent, 10 fraction bits. */
export function readFloat16(bytes: Uint8Array, at: number): number {
  const word = readUint16(bytes, at);
  const exponent = (word >> 10) & 31;
  const fraction = word & 0x3ff;
  const size =
    exponent === 0
      ? fraction * 2 ** -24
      : exponent < 31
        ? (fraction + 1024) * 2 ** (exponent - 25)
        : fraction === 0
          ? Number.POSITIVE_INFINITY
          : Number.NaN;
  return word & 0x8000 ? -size : size;
}

/** `value` as a number if it is exact (to 2^53), otherwise as it is. */
export function exact(value: bigint): number | bigint {
  return value >= -(2n ** 53n) && value <= 2n ** 53n ? Number(value) : value;
}
