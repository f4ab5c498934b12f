import { decodeUtf8 } from './utf8.ts';

let source: Uint8Array | undefined;
let ascii: string | undefined;

/**
 * The ASCII text in `bytes` from `start` to `end`. Cutting many pieces out of one text is cheaper than decoding each, so
 * `bytes` are decoded whole at the first call and remembered until others come or `forgetText` is called.
 */
export function asciiText(bytes: Uint8Array, start: number, end: number): string {
  if (source !== bytes) {
    const whole = decodeUtf8(bytes, 0, bytes.length);
    source = bytes;
    // Elsewhere may be characters of several bytes, which move everything behind them.
    ascii = whole.length === bytes.length ? whole : undefined;
  }
  return ascii?.slice(start, end) ?? decodeUtf8(bytes, start, end);
}

/** Lets go of the last text. */
export function forgetText(): void {
  source = undefined;
  ascii = undefined;
}
