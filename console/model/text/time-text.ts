const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Writes an age in its largest whole unit: `now`, `12 s`, `5 min`, `3 h`, `2 d`. */
export function ageText(milliseconds: number): string {
  if (milliseconds < SECOND) return 'now';
  return durationText(milliseconds);
}

/** Writes a duration in its largest whole unit: `340 ms`, `12 s`, `5 min`. */
export function durationText(milliseconds: number): string {
  if (milliseconds < SECOND) return `${Math.max(0, Math.round(milliseconds))} ms`;
  if (milliseconds < MINUTE) return `${Math.floor(milliseconds / SECOND)} s`;
  if (milliseconds < HOUR) return `${Math.floor(milliseconds / MINUTE)} min`;
  if (milliseconds < DAY) return `${Math.floor(milliseconds / HOUR)} h`;
  return `${Math.floor(milliseconds / DAY)} d`;
}

/** Writes a rate in the shortest unit that gives at least one: `120/s`, `2.1/s`, `6/min`, `3/h`. Unknown: a dash. */
export function rateText(perSecond: number | undefined): string {
  if (perSecond === undefined) return '–';
  if (perSecond >= 0.95) return `${figures(perSecond)}/s`;
  if (perSecond * 60 >= 0.95) return `${figures(perSecond * 60)}/min`;
  return `${figures(perSecond * 3600)}/h`;
}

/** Writes the time of day, optionally with milliseconds: `09:05:07`, `09:05:07.042`. */
export function clockText(at: number, withMilliseconds = false): string {
  const date = new Date(at);
  const text = [date.getHours(), date.getMinutes(), date.getSeconds()].map(part => String(part).padStart(2, '0'));
  const fraction = withMilliseconds ? `.${String(date.getMilliseconds()).padStart(3, '0')}` : '';
  return text.join(':') + fraction;
}

/** Writes a count with thousands separators: `12,345`. */
export function countText(count: number): string {
  return Math.round(count).toLocaleString('en-US');
}

function figures(value: number): string {
  return value >= 9.95 ? countText(value) : value.toFixed(1).replace(/\.0$/, '');
}
