/**
 * Messages as another implementation may write them, in more bytes than it takes: each integer and length in eight or
 * four bytes, text in pieces, lists and dictionaries without a length, whole numbers as floats, escapes and blanks.
 */
export const lavish: Readonly<Record<'json' | 'msgpack' | 'cbor', (value: unknown) => Buffer>> = {
  json: value => Buffer.from(json(value)),
  msgpack,
  cbor,
};

function json(value: unknown): string {
  if (typeof value === 'string') {
    const units = Array.from({ length: value.length }, (_, at) => value.charCodeAt(at).toString(16).padStart(4, '0'));
    return `"${units.map(unit => `\\u${unit}`).join('')}"`;
  }
  if (Array.isArray(value)) return `\n[ ${value.map(json).join('\r ,\t')}\t]\n `;
  if (typeof value === 'object' && value !== null) {
    return ` { ${Object.entries(value)
      .map(([key, item]) => `${json(key)} : ${json(item)}`)
      .join(' , ')} } `;
  }
  return JSON.stringify(value);
}

function head(first: number, length: number, bytes: 4 | 8): Buffer {
  const buffer = Buffer.alloc(1 + bytes);
  buffer[0] = first;
  if (bytes === 8) buffer.writeBigUInt64BE(BigInt(length), 1);
  else buffer.writeUInt32BE(length, 1);
  return buffer;
}

function double(first: number, value: number): Buffer {
  const buffer = Buffer.alloc(9);
  buffer[0] = first;
  buffer.writeDoubleBE(value, 1);
  return buffer;
}

function msgpack(value: unknown): Buffer {
  if (value === null) return Buffer.of(0xc0);
  if (typeof value === 'boolean') return Buffer.of(value ? 0xc3 : 0xc2);
  if (typeof value === 'number') {
    if (!Number.isInteger(value)) return double(0xcb, value);
    if (value >= 0) return head(0xcf, value, 8);
    const buffer = Buffer.alloc(9);
    buffer[0] = 0xd3;
    buffer.writeBigInt64BE(BigInt(value), 1);
    return buffer;
  }
  if (typeof value === 'string') return Buffer.concat([head(0xdb, Buffer.byteLength(value), 4), Buffer.from(value)]);
  if (value instanceof Uint8Array) return Buffer.concat([head(0xc6, value.length, 4), value]);
  if (Array.isArray(value)) return Buffer.concat([head(0xdd, value.length, 4), ...value.map(msgpack)]);
  const entries = Object.entries(value as object);
  return Buffer.concat([head(0xdf, entries.length, 4), ...entries.flatMap(pair => pair.map(msgpack))]);
}

function cbor(value: unknown): Buffer {
  if (value === null) return Buffer.of(0xf6);
  if (typeof value === 'boolean') return Buffer.of(value ? 0xf5 : 0xf4);
  if (typeof value === 'number') {
    if (!Number.isInteger(value)) return double(0xfb, value);
    return value >= 0 ? head(0x1b, value, 8) : head(0x3b, -1 - value, 8);
  }
  if (typeof value === 'string') {
    const pieces = Array.from(value, piece => [head(0x7b, Buffer.byteLength(piece), 8), Buffer.from(piece)]);
    return Buffer.concat([Buffer.of(0x7f), ...pieces.flat(), Buffer.of(0xff)]);
  }
  if (value instanceof Uint8Array) {
    const pieces = Array.from(value, byte => Buffer.of(0x58, 1, byte));
    return Buffer.concat([Buffer.of(0x5f), ...pieces, Buffer.of(0xff)]);
  }
  if (Array.isArray(value)) return Buffer.concat([Buffer.of(0x9f), ...value.map(cbor), Buffer.of(0xff)]);
  const entries = Object.entries(value as object);
  return Buffer.concat([Buffer.of(0xbf), ...entries.flatMap(pair => pair.map(cbor)), Buffer.of(0xff)]);
}
