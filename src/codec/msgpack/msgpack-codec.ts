import { BinaryItems, type ItemWriterOn } from '../binary/binary-items.ts';
import { BinaryMessageWriter } from '../binary/binary-message-writer.ts';
import type { Codec } from '../message/codec.ts';
import { MessageCodec } from '../message/message-codec.ts';
import { MsgpackReader } from './msgpack-reader.ts';
import { walkMsgpack } from './msgpack-walk.ts';
import { MsgpackWriter } from './msgpack-writer.ts';

const writerOn: ItemWriterOn = out => new MsgpackWriter(out);

const msgpackItems = new BinaryItems('msgpack', 2, walkMsgpack, writerOn);

/** WAMP messages as MsgPack, version 5. [basic/building_blocks: serializers] */
export const msgpackCodec: Codec = new MessageCodec({
  name: 'msgpack',
  binary: true,
  rawSocketId: 2,
  format: msgpackItems,
  reader: new MsgpackReader(msgpackItems),
  writer: () => new BinaryMessageWriter(msgpackItems, writerOn),
});
