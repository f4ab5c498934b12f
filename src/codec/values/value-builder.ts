import { type Dict, EMPTY_DICT, isDict } from '../../wamp/dict.ts';
import type { ItemSink } from '../../wamp/item-sink.ts';
import type { PayloadValues } from '../../wamp/payload.ts';
import { decodeUtf8, encodeUtf8 } from '../bytes/utf8.ts';

type Container = unknown[] | Record<string, unknown>;

/**
 * Builds values from the items of a walk. Integers beyond 2^53 are bigints, and binary data is a copy in a Uint8Array.
 * A key named `__proto__` is an ordinary key. Text that begins with U+0000 is binary data.
 */
export class ValueBuilder implements ItemSink {
  readonly #items: unknown[] = [];
  readonly #open: Container[] = [];
  readonly #keys: string[] = [];
  #list: unknown[] | undefined = this.#items;
  #dict: Record<string, unknown> = {};
  #key = '';

  /** The top-level items, in order. */
  get items(): readonly unknown[] {
    return this.#items;
  }

  /**
   * The items as a payload. Binary data in place of the list is the whole payload of a message that only the endpoints
   * can read. It becomes the only argument. [advanced/payload_passthru_mode]
   */
  payload(): PayloadValues {
    const [args, kwargs = EMPTY_DICT] = this.#items;
    return { args: Array.isArray(args) ? args : [args], kwargs: isDict(kwargs) ? kwargs : EMPTY_DICT };
  }

  /** The dictionary, if it is the only item. */
  dict(): Dict {
    const [dict] = this.#items;
    return isDict(dict) ? dict : EMPTY_DICT;
  }

  #put(value: unknown): void {
    if (this.#list !== undefined) this.#list.push(value);
    else if (this.#key !== '__proto__') this.#dict[this.#key] = value;
    // An assignment would call the setter that every object inherits.
    else Object.defineProperty(this.#dict, this.#key, { value, writable: true, enumerable: true, configurable: true });
  }

  #enter(container: Container): void {
    this.#put(container);
    this.#open.push(this.#list ?? this.#dict);
    this.#keys.push(this.#key);
    if (Array.isArray(container)) this.#list = container;
    else {
      this.#list = undefined;
      this.#dict = container;
    }
  }

  #leave(): void {
    const outer = this.#open.pop();
    this.#key = this.#keys.pop() ?? '';
    if (Array.isArray(outer)) this.#list = outer;
    else {
      this.#list = undefined;
      this.#dict = outer ?? {};
    }
  }

  /** Adds a value that is already built. */
  value(value: unknown): void {
    this.#put(value);
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
    this.#put(value);
  }

  text(bytes: Uint8Array, start: number, end: number): void {
    if (start < end && bytes[start] === 0) this.binary(bytes, start, end);
    else this.#put(decodeUtf8(bytes, start, end));
  }

  string(value: string): void {
    this.#put(value.charCodeAt(0) === 0 ? encodeUtf8(value) : value);
  }

  binary(bytes: Uint8Array, start: number, end: number): void {
    this.#put(new Uint8Array(bytes.buffer, bytes.byteOffset + start, end - start).slice());
  }

  beginList(): void {
    this.#enter([]);
  }

  endList(): void {
    this.#leave();
  }

  beginDict(): void {
    this.#enter({});
  }

  endDict(): void {
    this.#leave();
  }

  key(bytes: Uint8Array, start: number, end: number): void {
    this.#key = decodeUtf8(bytes, start, end);
  }

  keyString(value: string): void {
    this.#key = value;
  }
}
