import type { PayloadFormat } from '../../wamp/payload.ts';
import { BinaryReader } from '../binary/binary-reader.ts';
import { integer, type Kind, kindAt, msgpackHeadEnd, msgpackLength, walkMsgpack } from './msgpack-walk.ts';

/** The names of kinds in error texts. */
const names: Readonly<Record<Kind | 'end', string>> = {
  nil: 'null',
  boolean: 'a boolean',
  integer: 'an integer',
  float: 'a float',
  text: 'text',
  binary: 'binary',
  list: 'a list',
  dict: 'a dictionary',
  extension: 'an extension',
  none: 'an invalid byte',
  end: 'the end of the frame',
};

/** Reads the elements of a MsgPack message. */
export class MsgpackReader extends BinaryReader {
  constructor(items: PayloadFormat) {
    super(items, 'MsgPack', walkMsgpack);
  }

  #kind(): Kind | 'end' {
    return this.here() ? kindAt(this.bytes, this.pos) : 'end';
  }

  protected listHead(): number {
    const head = this.pos;
    this.pos = msgpackHeadEnd(this.bytes, head, this.end);
    return msgpackLength(this.bytes, head);
  }

  protected isList(): boolean {
    return this.#kind() === 'list';
  }

  protected isDict(): boolean {
    return this.#kind() === 'dict';
  }

  protected isBinary(): boolean {
    return this.#kind() === 'binary';
  }

  protected isNull(): boolean {
    return this.bytes[this.pos] === 0xc0;
  }

  protected isBreak(): boolean {
    return false;
  }

  protected emptyDict(): boolean {
    return this.bytes[this.pos] === 0x80;
  }

  protected number(): number {
    const head = this.pos;
    const kind = this.#kind();
    if (kind === 'integer') {
      this.pos = msgpackHeadEnd(this.bytes, head, this.end);
      const value = integer(this.bytes, head);
      return typeof value === 'number' ? value : Number.NaN;
    }
    if (kind !== 'float') return Number.NaN;
    const float = this.value();
    return typeof float === 'number' ? float : Number.NaN;
  }

  protected string(): string | undefined {
    if (this.#kind() !== 'text') return undefined;
    const start = msgpackHeadEnd(this.bytes, this.pos, this.end);
    return this.interned(start, start + msgpackLength(this.bytes, this.pos));
  }

  protected kind(): string {
    return names[this.#kind()];
  }
}
