import type { Codec, SerializerName } from './codec.ts';
import { jsonCodec } from './json/json-codec.ts';

/** Every serializer there is, the most preferred last. */
export const codecs: readonly Codec[] = [jsonCodec];

/** The codec of a name from the configuration or command line. */
export function codecNamed(name: SerializerName): Codec {
  const codec = codecs.find(codec => codec.name === name);
  if (codec === undefined) throw new Error(`there is no serializer ${name}`);
  return codec;
}
