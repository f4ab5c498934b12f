const DAY = 86_400_000;

// Date.parse accepts other texts depending on the platform, and takes 31 February for 3 March.

/**
 * `2022-12-31`, `2022-12`, `20221231`; `2022-365`, `2022365`; `2022-W52-6`, `2022-W52`, `2022W526`. [ISO 8601-1,
 * section 5.2]
 */
const date = /^(\d{4})(?:-?(\d{3})(?!\d)|-?W(\d\d)(?:-?([1-7]))?(?!\d)|-(\d\d)(?:-(\d\d))?|(\d\d)(\d\d))/;

/** `05`, `05:33`, `05:33:33`, `053333`, each with an optional fraction of its last part. [section 5.3] */
const time = /^[Tt ](\d\d)(?::?(\d\d)(?::?(\d\d))?)?(?:[.,](\d+))?/;

/** `Z`, `+01`, `+0100`, `+01:00`; also `UTC` and `GMT`, which many programs write. [section 5.3.4] */
const zone = /^ ?(?:[Zz]|UTC|GMT|([+\u2212-])(\d\d)(?::?(\d\d))?)$/;

/** The largest offset from UTC, in minutes. */
const FARTHEST = 14 * 60;

/**
 * Milliseconds since 1970 UTC of an ISO 8601 date. Digits alone are not a date. Without a time it is the start of the
 * day; without a zone it is UTC. Fractions are cut to milliseconds. Undefined if the text is not a valid date, such as
 * 30 February, 24:00, second 60, or an offset of more than 14 hours.
 */
export function calendarTime(text: string): number | undefined {
  const day = date.exec(text);
  if (day === null || /^\d+$/.test(text)) return undefined;
  const start = startOf(day);
  if (start === undefined) return undefined;
  const afterDay = text.slice(day[0].length);
  if (afterDay === '') return start;
  const clock = time.exec(afterDay);
  // A month or a week without a day has no time.
  const isDay = (day[5] === undefined || day[6] !== undefined) && (day[3] === undefined || day[4] !== undefined);
  if (clock === null || !isDay) return undefined;
  const since = millisecondsIn(clock);
  const offset = offsetOf(afterDay.slice(clock[0].length));
  return since === undefined || offset === undefined ? undefined : start + since - offset;
}

/** The start of a day. */
function startOf([, yearText = '', dayOfYear, week, weekday = '1', month1, day1, month2, day2]: RegExpExecArray) {
  const year = Number(yearText);
  if (year === 0) return undefined;
  if (dayOfYear !== undefined) {
    const number = Number(dayOfYear);
    const start = utc(year, 1, 1) + (number - 1) * DAY;
    return number >= 1 && start < utc(year + 1, 1, 1) ? start : undefined;
  }
  if (week !== undefined) {
    const number = Number(week);
    const start = firstMonday(year) + (number - 1) * 7 * DAY;
    return number >= 1 && start < firstMonday(year + 1) ? start + (Number(weekday) - 1) * DAY : undefined;
  }
  const month = Number(month1 ?? month2);
  const day = Number(day1 ?? day2 ?? '1');
  const start = utc(year, month, day);
  const isThere = new Date(start).getUTCMonth() === month - 1 && new Date(start).getUTCDate() === day;
  return isThere ? start : undefined;
}

/** Like Date.UTC, which however maps the years 0 to 99 to the 20th century. */
function utc(year: number, month: number, day: number): number {
  return new Date(0).setUTCFullYear(year, month - 1, day);
}

/** The Monday of the week that contains 4 January, which is the first week. */
function firstMonday(year: number): number {
  const fourth = utc(year, 1, 4);
  return fourth - ((new Date(fourth).getUTCDay() + 6) % 7) * DAY;
}

function millisecondsIn([, hour, minute, second, fraction = '0']: RegExpExecArray): number | undefined {
  const [hours, minutes, seconds] = [Number(hour), Number(minute ?? 0), Number(second ?? 0)];
  if (hours > 23 || minutes > 59 || seconds > 59) return undefined;
  const part = second !== undefined ? 1000 : minute !== undefined ? 60_000 : 3_600_000;
  // Further digits are less than a millisecond of an hour, and the product is exact.
  const rest = Math.floor((Number(fraction.slice(0, 8).padEnd(8, '0')) * part) / 1e8);
  return ((hours * 60 + minutes) * 60 + seconds) * 1000 + rest;
}

/** The offset of the zone from UTC in milliseconds. */
function offsetOf(text: string): number | undefined {
  if (text === '') return 0;
  const found = zone.exec(text);
  if (found === null) return undefined;
  const [, sign, hours = '0', minutes = '0'] = found;
  const ahead = Number(hours) * 60 + Number(minutes);
  if (Number(minutes) > 59 || ahead > FARTHEST) return undefined;
  return (sign === '+' || sign === undefined ? ahead : -ahead) * 60_000;
}
