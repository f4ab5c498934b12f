import { BinaryItems, type ItemWriterOn } from '../binary-items.ts';
import { BinaryMessageWriter } from '../binary-message-writer.ts';
import type { Codec } from '../codec.ts';
import { MessageCodec } from '../message-codec.ts';
import { CborReader } from './cbor-reader.ts';
import { walkItem } from './cbor-walk.ts';
import { CborWriter } from './cbor-writer.ts';

const writerOn: ItemWriterOn = out => new CborWriter(out);

const cborItems = new BinaryItems('cbor', 1, walkItem, writerOn);

/** WAMP messages as CBOR. [basic/building_blocks: serializers], [RFC 8949] */
export const cborCodec: Codec = new MessageCodec({
  name: 'cbor',
  binary: true,
  rawSocketId: 3,
  format: cborItems,
  reader: new CborReader(cborItems),
  writer: () => new BinaryMessageWriter(cborItems, writerOn),
});
