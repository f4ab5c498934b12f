import { BinaryMessageWriter } from '../binary/binary-message-writer.ts';
import type { Codec } from '../message/codec.ts';
import { MessageCodec } from '../message/message-codec.ts';
import { cborItems, cborWriterOn } from './cbor-items.ts';
import { CborReader } from './cbor-reader.ts';

/** WAMP messages as CBOR. [basic/building_blocks: serializers], [RFC 8949] */
export const cborCodec: Codec = new MessageCodec({
  name: 'cbor',
  binary: true,
  rawSocketId: 3,
  format: cborItems,
  reader: new CborReader(cborItems),
  writer: () => new BinaryMessageWriter(cborItems, cborWriterOn),
});
