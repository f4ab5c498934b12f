/**
 * Takes payload items one after the other, as a walk over some format's bytes, or over values, comes upon them. Writing
 * another format, or building values, is a sink; so a payload gets from one format to another without its values.
 *
 * Whoever feeds a sink vouches for what it says: lists and dictionaries are closed in order and nest at most
 * `MAX_DEPTH` deep, UTF-8 is well-formed. The bytes handed over are only valid during the call.
 */
export interface ItemSink {
  null(): void;
  boolean(value: boolean): void;
  /** A number where it is exact (to 2^53), else a bigint. */
  integer(value: number | bigint): void;
  /** May be whole, infinite or not a number: the sender chose a float. */
  float(value: number): void;
  /** Text as UTF-8: `bytes` from `start` to `end`. Text that begins with U+0000 is taken as binary, as JSON has it. */
  text(bytes: Uint8Array, start: number, end: number): void;
  /** Text as a string; it may hold lone surrogates. If it begins with U+0000, its UTF-8 is taken as binary. */
  string(value: string): void;
  /** Binary data: `bytes` from `start` to `end`. */
  binary(bytes: Uint8Array, start: number, end: number): void;
  /** `length` is -1 where it is not known before the end. */
  beginList(length: number): void;
  endList(length: number): void;
  /** As `beginList`; `length` counts pairs. Each pair is a key and then one item. */
  beginDict(length: number): void;
  endDict(length: number): void;
  key(bytes: Uint8Array, start: number, end: number): void;
  keyString(value: string): void;
}
