import { cborCodec } from './cbor/cbor-codec.ts';
import { jsonCodec } from './json/json-codec.ts';
import type { Codec, SerializerName } from './message/codec.ts';
import { msgpackCodec } from './msgpack/msgpack-codec.ts';

const byName: Readonly<Record<SerializerName, Codec>> = { json: jsonCodec, msgpack: msgpackCodec, cbor: cborCodec };

/** Every serializer there is. A program that needs one alone imports that one's own file. */
export const codecs: readonly Codec[] = Object.values(byName);

/** The codec of a name from the configuration or command line. */
export function codecNamed(name: SerializerName): Codec {
  return byName[name];
}
