import type { LinearMatch } from '../../../src/base/patterns/linear-pattern.ts';
import type { Dict } from '../../../src/wamp/dict.ts';
import { EMPTY_DICT } from '../../../src/wamp/dict.ts';

/** The text encoding of a device. */
type Encoding = 'utf8' | 'latin1';

/** The values that a regular expression captured, as the arguments of an event or a result. */
export interface Captured {
  readonly args: readonly unknown[];
  readonly kwargs: Dict;
}

// Each text matches in one way only: with `\d+\.?\d*`, a long row of digits would cost quadratic time.
const decimal = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?$/;

/**
 * Named groups become keyword arguments. Without named groups, numbered groups become arguments; without groups, the
 * matched text is the only argument. Groups that did not match are omitted (null if numbered). A text that is a number
 * becomes one, except for the groups in `text`. A text that begins with U+0000 is not a string in WAMP, so it becomes
 * its bytes in `encoding`. [advanced/serialization_binary_json]
 */
export function captured(
  { named, groups, text: matched }: LinearMatch,
  text: ReadonlySet<string>,
  encoding: Encoding,
): Captured {
  if (named !== undefined) {
    const kwargs: Record<string, unknown> = {};
    for (const name in named) {
      const value = named[name];
      if (value !== undefined) kwargs[name] = text.has(name) ? textOrBytes(value, encoding) : read(value, encoding);
    }
    return { args: [], kwargs };
  }
  if (groups.length > 0) {
    return { args: groups.map(value => (value === undefined ? null : read(value, encoding))), kwargs: EMPTY_DICT };
  }
  return { args: [textOrBytes(matched, encoding)], kwargs: EMPTY_DICT };
}

function read(value: string, encoding: Encoding): unknown {
  const found = numeric(value);
  return typeof found === 'string' ? textOrBytes(found, encoding) : found;
}

function textOrBytes(value: string, encoding: Encoding): string | Uint8Array {
  return value.charCodeAt(0) === 0 ? Buffer.from(value, encoding) : value;
}

/**
 * The number that `text` represents, or `text` itself. A number that would lose digits (an id of 20 digits) stays text.
 */
export function numeric(text: string): number | string {
  if (!decimal.test(text)) return text;
  const value = Number(text);
  if (!Number.isFinite(value)) return text;
  return Number.isInteger(value) && !Number.isSafeInteger(value) ? text : value;
}
