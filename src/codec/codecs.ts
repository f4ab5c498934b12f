import { cborCodec } from './cbor/cbor-codec.ts';
import { jsonCodec } from './json/json-codec.ts';
import type { Codec, SerializerName } from './message/codec.ts';
import { msgpackCodec } from './msgpack/msgpack-codec.ts';

const byName: Readonly<Record<SerializerName, Codec>> = { json: jsonCodec, msgpack: msgpackCodec, cbor: cborCodec };

/** All serializers. A program that needs only one imports the file of that codec. */
export const codecs: readonly Codec[] = Object.values(byName);

/** The codec with a name from the configuration or the command line. */
export function codecNamed(name: SerializerName): Codec {
  return byName[name];
}
