import type { Dict } from '../../../wamp/dict.ts';
import { ErrorUri, WampError } from '../../../wamp/errors.ts';
import { isId } from '../../../wamp/ids.ts';

/** The conditions of `wamp.subscription.get_events`. All that are defined must hold. [advanced/pubsub_event_history] */
export interface HistoryFilter {
  readonly reverse: boolean;
  readonly limit: number | undefined;
  readonly topic: string | undefined;
  /** Wall-clock milliseconds, with the fractions that the caller gave. */
  readonly fromTime: number | undefined;
  readonly afterTime: number | undefined;
  readonly beforeTime: number | undefined;
  readonly untilTime: number | undefined;
  readonly fromPublication: number | undefined;
  readonly afterPublication: number | undefined;
  readonly beforePublication: number | undefined;
  readonly untilPublication: number | undefined;
}

/** Reads the keyword arguments of a query. null counts as absent. Throws `invalid_argument`. */
export function historyFilter(kwargs: Dict): HistoryFilter {
  return {
    reverse: read(kwargs, 'reverse', 'true or false', asBoolean) ?? false,
    limit: read(kwargs, 'limit', 'a whole number above 0', asCount),
    topic: read(kwargs, 'topic', 'a URI', asText),
    fromTime: read(kwargs, 'from_time', TIME, asTime),
    afterTime: read(kwargs, 'after_time', TIME, asTime),
    beforeTime: read(kwargs, 'before_time', TIME, asTime),
    untilTime: read(kwargs, 'until_time', TIME, asTime),
    fromPublication: read(kwargs, 'from_publication', 'a publication id', asPublication),
    afterPublication: read(kwargs, 'after_publication', 'a publication id', asPublication),
    beforePublication: read(kwargs, 'before_publication', 'a publication id', asPublication),
    untilPublication: read(kwargs, 'until_publication', 'a publication id', asPublication),
  };
}

const TIME = 'a time in RFC 3339 format, such as 2026-01-31T12:00:00Z';

function read<T>(kwargs: Dict, name: string, expected: string, parse: (value: unknown) => T | undefined) {
  const value = kwargs[name];
  if (value === undefined || value === null) return undefined;
  const parsed = parse(value);
  if (parsed === undefined) throw new WampError(ErrorUri.InvalidArgument, [`${name} must be ${expected}`]);
  return parsed;
}

function asBoolean(value: unknown): boolean | undefined {
  return typeof value === 'boolean' ? value : undefined;
}

function asText(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function asCount(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isInteger(value) && value > 0 ? value : undefined;
}

function asPublication(value: unknown): number | undefined {
  return isId(value) ? value : undefined;
}

const rfc3339 = /^(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:)(\d\d)(?:\.(\d+))?([Zz]|[+-]\d\d:\d\d)$/;

/** RFC 3339 to milliseconds with fractions. A leap second is the second after second 59. */
function asTime(value: unknown): number | undefined {
  const [, date, minutes, seconds, fraction = '', zone] = (typeof value === 'string' && rfc3339.exec(value)) || [];
  if (date === undefined || zone === undefined) return undefined;
  const leap = seconds === '60';
  const whole = Date.parse(`${date}T${minutes}${leap ? '59' : seconds}${zone.toUpperCase()}`);
  // Date.parse accepts 24:00:00 and 30 February; RFC 3339 does not.
  if (Number.isNaN(whole) || minutes?.startsWith('24') === true || !isDay(date)) return undefined;
  // The fraction is read from its digits, because 0.069 * 1000 is more than 69.
  return whole + (leap ? 1000 : 0) + Number(`${fraction.slice(0, 3).padEnd(3, '0')}.${fraction.slice(3)}`);
}

function isDay(date: string): boolean {
  const [year = 0, month = 0, day = 0] = date.split('-').map(Number);
  return day <= new Date(Date.UTC(year, month, 0)).getUTCDate();
}
