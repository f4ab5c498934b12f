import type { ItemSink } from '../../wamp/item-sink.ts';
import { decodeUtf8, view } from '../bytes/utf8.ts';
import { wellFormed } from './well-formed.ts';

/** A float. A plain number is an integer here, so this marks floats that are whole numbers. */
class Float {
  readonly value: number;

  constructor(value: number) {
    this.value = value;
  }
}

type Node = null | boolean | number | bigint | string | Float | Uint8Array | Node[] | Map<string, Node>;

/**
 * Collects items and merges duplicate keys of a dictionary. A merged pair has the position of the first pair and the
 * value of the last. Unlike JavaScript values, items keep their type: 21.0 remains a float.
 */
export class KeyMerger implements ItemSink {
  readonly #items: Node[] = [];
  readonly #open: (Node[] | Map<string, Node>)[] = [];
  readonly #keys: string[] = [];
  #here: Node[] | Map<string, Node> = this.#items;
  #key = '';

  /** Passes all collected items to `sink`. */
  feed(sink: ItemSink): void {
    for (const item of this.#items) feedNode(item, sink);
  }

  #put(node: Node): void {
    if (Array.isArray(this.#here)) this.#here.push(node);
    else this.#here.set(this.#key, node);
  }

  #enter(container: Node[] | Map<string, Node>): void {
    this.#put(container);
    this.#open.push(this.#here);
    this.#keys.push(this.#key);
    this.#here = container;
  }

  #leave(): void {
    this.#here = this.#open.pop() ?? this.#items;
    this.#key = this.#keys.pop() ?? '';
  }

  null(): void {
    this.#put(null);
  }

  boolean(value: boolean): void {
    this.#put(value);
  }

  integer(value: number | bigint): void {
    this.#put(value);
  }

  float(value: number): void {
    this.#put(new Float(value));
  }

  text(bytes: Uint8Array, start: number, end: number): void {
    this.#put(decodeUtf8(bytes, start, end));
  }

  string(value: string): void {
    this.#put(value);
  }

  binary(bytes: Uint8Array, start: number, end: number): void {
    this.#put(view(bytes, start, end).slice());
  }

  beginList(): void {
    this.#enter([]);
  }

  endList(): void {
    this.#leave();
  }

  beginDict(): void {
    this.#enter(new Map());
  }

  endDict(): void {
    this.#leave();
  }

  key(bytes: Uint8Array, start: number, end: number): void {
    this.#key = decodeUtf8(bytes, start, end);
  }

  keyString(value: string): void {
    this.#key = wellFormed(value);
  }
}

function feedNode(node: Node, sink: ItemSink): void {
  if (node === null) sink.null();
  else if (typeof node === 'boolean') sink.boolean(node);
  else if (typeof node === 'number' || typeof node === 'bigint') sink.integer(node);
  else if (typeof node === 'string') sink.string(node);
  else if (node instanceof Float) sink.float(node.value);
  else if (node instanceof Uint8Array) sink.binary(node, 0, node.length);
  else if (Array.isArray(node)) {
    sink.beginList(node.length);
    for (const item of node) feedNode(item, sink);
    sink.endList(node.length);
  } else {
    sink.beginDict(node.size);
    for (const [key, item] of node) {
      sink.keyString(key);
      feedNode(item, sink);
    }
    sink.endDict(node.size);
  }
}
