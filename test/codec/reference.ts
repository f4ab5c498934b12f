import { decode as decodeMsgpack, encode as encodeMsgpack } from '@msgpack/msgpack';
import { Encoder } from 'cbor-x';
import type { SerializerName } from '../../src/codec/message/codec.ts';
import { exactly } from './arbitrary-values.ts';

const cborX = new Encoder({ useRecords: false, variableMapSize: true, mapsAsObjects: false, tagUint8Array: false });

/** Independent decoders with the result of the project's own: the whole message as a list. */
export const reference: Readonly<Record<SerializerName, (frame: Uint8Array) => unknown>> = {
  json: frame => {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(frame);
    const value: unknown = JSON.parse(text);
    return value;
  },
  cbor: frame => alike(cborX.decode(Buffer.from(frame))),
  msgpack: frame => alike(decodeMsgpack(frame, { useBigInt64: true })),
};

/** Independent encoders, for values that both sides encode alike. */
export const foreign: Readonly<Record<SerializerName, (value: unknown) => Uint8Array>> = {
  json: value => new TextEncoder().encode(JSON.stringify(value)),
  cbor: value => cborX.encode(value),
  msgpack: value => encodeMsgpack(value, { useBigInt64: true }),
};

/** Buffers as plain byte arrays, maps as dictionaries, 64-bit integers as numbers where they are exact. */
export function alike(value: unknown): unknown {
  if (typeof value === 'bigint') return exactly(value);
  if (value instanceof Uint8Array) return Uint8Array.from(value);
  if (Array.isArray(value)) return value.map(alike);
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, item]) => [key, alike(item)]));
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, alike(item)]));
  }
  return value;
}
