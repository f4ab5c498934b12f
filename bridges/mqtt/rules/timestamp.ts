/** 2001-09-09 in milliseconds, and the year 5138 in seconds: what is smaller is seconds, what is larger is finer. */
const SECONDS_BELOW = 1e11;
const MILLISECONDS_BELOW = 1e14;
const MICROSECONDS_BELOW = 1e17;

/** As devices without a time zone write it: theirs is taken for UTC. `2024-05-01T12:00:00`, a blank for the T too. */
const local = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d([.,]\d+)?)?$/;

/**
 * A moment as devices write it, in milliseconds since 1970 UTC: seconds, milliseconds, microseconds or nanoseconds, as
 * a number or its digits; ISO 8601, with or without a zone. Undefined where it is none.
 */
export function millisecondsOf(value: unknown): number | undefined {
  if (typeof value === 'number') return fromNumber(value);
  if (typeof value !== 'string') return undefined;
  const text = value.trim();
  if (/^\d+(\.\d+)?$/.test(text)) return fromNumber(Number(text));
  // What Date.parse makes of other texts depends on where it runs.
  if (!/^\d{4}-\d\d(-\d\d)?/.test(text)) return undefined;
  const milliseconds = Date.parse(local.test(text) ? `${text.replace(' ', 'T').replace(',', '.')}Z` : text);
  return Number.isNaN(milliseconds) ? undefined : milliseconds;
}

function fromNumber(value: number): number | undefined {
  if (!Number.isFinite(value) || value < 0) return undefined;
  if (value < SECONDS_BELOW) return Math.round(value * 1000);
  if (value < MILLISECONDS_BELOW) return Math.round(value);
  return Math.round(value < MICROSECONDS_BELOW ? value / 1000 : value / 1_000_000);
}
