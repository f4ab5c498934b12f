import type { Dict } from '../../src/wamp/dict.ts';
import { EMPTY_DICT } from '../../src/wamp/dict.ts';

/** What a regular expression found in a frame, as the arguments of an event or a result. */
export interface Captured {
  readonly args: readonly unknown[];
  readonly kwargs: Dict;
}

const decimal = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?$/;

/**
 * Named groups become keyword arguments; where there are none, numbered groups become arguments; where there are no
 * groups at all, the text matched is the one argument. Groups that did not take part are left out (null where they are
 * numbered). What reads as a number becomes one, but for the groups named in `text`.
 */
export function captured(match: RegExpExecArray, text: ReadonlySet<string>): Captured {
  const { groups } = match;
  if (groups !== undefined) {
    const kwargs: Record<string, unknown> = {};
    for (const name in groups) {
      const value = groups[name];
      if (value !== undefined) kwargs[name] = text.has(name) ? value : numeric(value);
    }
    return { args: [], kwargs };
  }
  if (match.length > 1) {
    return { args: match.slice(1).map(value => (value === undefined ? null : numeric(value))), kwargs: EMPTY_DICT };
  }
  return { args: [match[0]], kwargs: EMPTY_DICT };
}

/** The number that `text` is, else `text`; what a number would not keep exactly (an id of 20 digits) stays text. */
export function numeric(text: string): number | string {
  if (!decimal.test(text)) return text;
  const value = Number(text);
  if (!Number.isFinite(value)) return text;
  return Number.isInteger(value) && !Number.isSafeInteger(value) ? text : value;
}
