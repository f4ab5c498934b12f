import { Decoder as MsgPackDecoder, Encoder as MsgPackEncoder } from '@msgpack/msgpack';
import { Encoder as Cbor } from 'cbor-x';

/**
 * A serializer of public packages, so no test measures the codecs of this project by themselves.
 *
 * Both ways an integer beyond 2^53 - 1 is a BigInt and binary is a Buffer, also in JSON, where it is a string that
 * begins with U+0000. [serialization_binary_json]
 */
export interface BareSerializer {
  readonly name: 'json' | 'msgpack' | 'cbor';
  readonly binary: boolean;
  /** SERIALIZER of the RawSocket handshake. */
  readonly code: number;
  encode(value: unknown): Buffer;
  decode(bytes: Uint8Array): unknown;
}

const BIG = '\u0001big';
const bigInText = /"\\u0001big(-?\d+)"/g;
const digits = /(?<=[[,:]\s*)-?\d{16,}(?=\s*[\],}])/g;

const json: BareSerializer = {
  name: 'json',
  binary: false,
  code: 1,
  encode: value => {
    const text = JSON.stringify(
      convert(value, bytes => `\0${bytes.toString('base64')}`),
      (_, item: unknown) => (typeof item === 'bigint' ? BIG + item : item),
    );
    return Buffer.from(text.replace(bigInText, '$1'));
  },
  decode: bytes => {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return JSON.parse(
      text.replace(digits, found => (Number.isSafeInteger(Number(found)) ? found : `"\\u0001big${found}"`)),
      (_, item: unknown) => {
        if (typeof item !== 'string') return item;
        if (item.startsWith(BIG)) return BigInt(item.slice(BIG.length));
        return item.startsWith('\0') ? Buffer.from(item.slice(1), 'base64') : item;
      },
    );
  },
};

const packer = new MsgPackEncoder({ useBigInt64: true });
const unpacker = new MsgPackDecoder({ useBigInt64: true });

const msgpack: BareSerializer = {
  name: 'msgpack',
  binary: true,
  code: 2,
  encode: value => Buffer.from(packer.encode(value)),
  decode: bytes => normal(unpacker.decode(bytes)),
};

const coder = new Cbor({ useRecords: false, mapsAsObjects: true, tagUint8Array: false, variableMapSize: true });

const cbor: BareSerializer = {
  name: 'cbor',
  binary: true,
  code: 3,
  // The package writes whole numbers beyond 32 bits as floats; others write integers.
  encode: value =>
    Buffer.from(
      coder.encode(
        convert(
          value,
          bytes => bytes,
          item => (Number.isSafeInteger(item) && Math.abs(item) >= 2 ** 31 ? BigInt(item) : item),
        ),
      ),
    ),
  decode: bytes => normal(coder.decode(bytes)),
};

export const bareSerializers: readonly BareSerializer[] = [json, msgpack, cbor];

/** A copy of `value` with its binary items and numbers replaced. */
function convert(
  value: unknown,
  ofBytes: (bytes: Buffer) => unknown,
  ofNumber: (number: number) => unknown = number => number,
): unknown {
  if (value instanceof Uint8Array) return ofBytes(Buffer.from(value));
  if (typeof value === 'number') return ofNumber(value);
  if (Array.isArray(value)) return value.map(item => convert(item, ofBytes, ofNumber));
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, convert(item, ofBytes, ofNumber)]));
  return value;
}

/** One way to write what was read: safe integers are numbers, binary is a Buffer. */
function normal(value: unknown): unknown {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  if (value instanceof Uint8Array) return Buffer.from(value);
  if (Array.isArray(value)) return value.map(normal);
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, normal(item)]));
  return value;
}

/** The serializer of that name. */
export function bareSerializer(name: BareSerializer['name']): BareSerializer {
  return { json, msgpack, cbor }[name];
}
