import type { ItemSink } from '../../wamp/item-sink.ts';
import { asciiText } from '../bytes/byte-text.ts';
import { MAX_INTEGER_DIGITS } from '../checks/limits.ts';

const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;

/** A number holds this many digits exactly. */
const EXACT_DIGITS = 15;

/** 10^0 to 10^15, all exact. Dividing an exact integer by one of them rounds once and therefore correctly. */
const powers = Array.from({ length: EXACT_DIGITS + 1 }, (_, exponent) => 10 ** exponent);

/** Passes the well-formed number from `start` to `end` to `sink`. Digits alone are an integer. */
export function feedNumber(bytes: Uint8Array, start: number, end: number, sink: ItemSink): void {
  const negative = bytes[start] === MINUS;
  const first = negative ? start + 1 : start;
  let value = 0;
  let point = -1;
  for (let i = first; i < end; i++) {
    const byte = bytes[i] ?? 0;
    if (byte >= ZERO && byte <= 0x39) value = value * 10 + (byte - ZERO);
    else if (byte === POINT) point = i;
    else {
      // An exponent is rare, and makes the number a float.
      sink.float(Number(asciiText(bytes, start, end)));
      return;
    }
  }
  const digits = end - first - (point < 0 ? 0 : 1);
  if (digits > EXACT_DIGITS) feedLong(bytes, start, end, point, digits, sink);
  else if (point >= 0) {
    const float = value / (powers[end - point - 1] ?? 1);
    sink.float(negative ? -float : float);
  } else if (value === 0 && negative) sink.float(-0);
  else sink.integer(negative ? -value : value);
}

function feedLong(bytes: Uint8Array, start: number, end: number, point: number, digits: number, sink: ItemSink): void {
  const text = asciiText(bytes, start, end);
  if (point >= 0 || digits > MAX_INTEGER_DIGITS) sink.float(Number(text));
  else sink.integer(exactInteger(text));
}

/** The value of a decimal integer: a number up to 2^53, otherwise a bigint. */
export function exactInteger(text: string): number | bigint {
  const exact = BigInt(text);
  return exact >= -(2n ** 53n) && exact <= 2n ** 53n ? Number(exact) : exact;
}
