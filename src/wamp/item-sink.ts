/**
 * Receives payload items one by one, from a walk over encoded bytes or over values. A writer of another format and a
 * builder of values are both sinks. So a payload gets from one format to another without its values.
 * The caller guarantees that lists and dictionaries are closed in order and nest at most `MAX_DEPTH` deep, and that
 * text is well-formed UTF-8. The bytes are valid during the call only.
 */
export interface ItemSink {
  null(): void;
  boolean(value: boolean): void;
  /** A number if it is exact (to 2^53), otherwise a bigint. */
  integer(value: number | bigint): void;
  /** May be a whole number, infinite or NaN: the sender chose a float. */
  float(value: number): void;
  /** Text as UTF-8: `bytes` from `start` to `end`. Text that begins with U+0000 is binary data, as in JSON. */
  text(bytes: Uint8Array, start: number, end: number): void;
  /** Text as a string, which may contain lone surrogates. If it begins with U+0000, its UTF-8 is binary data. */
  string(value: string): void;
  /** Binary data: `bytes` from `start` to `end`. */
  binary(bytes: Uint8Array, start: number, end: number): void;
  /** `length` is -1 if it is not known before the end. */
  beginList(length: number): void;
  endList(length: number): void;
  /** As `beginList`; `length` counts pairs. Each pair is a key and then one item. */
  beginDict(length: number): void;
  endDict(length: number): void;
  key(bytes: Uint8Array, start: number, end: number): void;
  keyString(value: string): void;
}
