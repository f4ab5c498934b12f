import { decode as decodeMsgpack, encode as encodeMsgpack } from '@msgpack/msgpack';
import { Encoder } from 'cbor-x';
import type { SerializerName } from '../src/codec/message/codec.ts';

/** A message as the list of its elements on the wire. */
export type List = readonly unknown[];

/** Converts between lists and bytes by packages, not by the measured codecs. */
export interface ListFormat {
  read(frame: Uint8Array): List;
  write(list: List): Uint8Array;
}

const cbor = new Encoder({ useRecords: false, variableMapSize: true });

function asList(value: unknown): List {
  if (!Array.isArray(value)) throw new TypeError('a message is a list');
  return value;
}

export const listFormats: Readonly<Record<SerializerName, ListFormat>> = {
  json: {
    read: frame => asList(JSON.parse(Buffer.from(frame.buffer, frame.byteOffset, frame.byteLength).toString())),
    write: list => Buffer.from(JSON.stringify(list)),
  },
  cbor: { read: frame => asList(cbor.decode(frame)), write: list => cbor.encode(list) },
  msgpack: { read: frame => asList(decodeMsgpack(frame)), write: list => encodeMsgpack(list) },
};
