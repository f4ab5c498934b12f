import { calendarTime } from './calendar-time.ts';

/**
 * 2001-09-09 in milliseconds, and the year 5138 in seconds: smaller numbers are seconds, larger ones are finer units.
 */
const SECONDS_BELOW = 1e11;
const MILLISECONDS_BELOW = 1e14;
const MICROSECONDS_BELOW = 1e17;
const NANOSECONDS_BELOW = 1e20;

/** Digits that a number represents exactly. */
const EXACT_DIGITS = 15;

/**
 * A timestamp of a device in milliseconds since 1970 UTC: seconds, milliseconds, microseconds or nanoseconds, as a
 * number or its digits; or an ISO 8601 date, see `calendarTime`. Undefined if it is not a timestamp.
 */
export function millisecondsOf(value: unknown): number | undefined {
  if (typeof value === 'number') return fromNumber(value);
  if (typeof value === 'bigint') return fromInteger(value);
  if (typeof value !== 'string') return undefined;
  const text = value.trim();
  if (/^\d{1,40}$/.test(text)) return text.length > EXACT_DIGITS ? fromInteger(BigInt(text)) : fromNumber(Number(text));
  if (/^\d+(\.\d+)?([eE][+-]?\d{1,3})?$/.test(text)) return fromNumber(Number(text));
  return calendarTime(text);
}

function fromNumber(value: number): number | undefined {
  if (!(value >= 0 && value < NANOSECONDS_BELOW)) return undefined;
  if (value < SECONDS_BELOW) return Math.round(value * 1000);
  if (value < MILLISECONDS_BELOW) return Math.round(value);
  return Math.round(value < MICROSECONDS_BELOW ? value / 1000 : value / 1_000_000);
}

/** Like `fromNumber`, for an integer that a number cannot represent: the nearest millisecond. */
function fromInteger(value: bigint): number | undefined {
  if (value < BigInt(MICROSECONDS_BELOW)) return fromNumber(Number(value));
  return value < BigInt(NANOSECONDS_BELOW) ? Number((value + 500_000n) / 1_000_000n) : undefined;
}
