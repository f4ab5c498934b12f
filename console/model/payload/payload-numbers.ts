import type { PayloadValues } from '../../../src/wamp/payload.ts';

/** A number inside a payload, by the path of keys that leads to it. */
export interface PayloadNumber {
  /** For example `temperature` or `position › lat`. Empty if the payload consists of that number only. */
  readonly path: string;
  readonly value: number;
  /** True if the payload holds a boolean. `value` is then 1 or 0. */
  readonly isSwitch: boolean;
}

const MAX_NUMBERS = 32;
const MAX_DEPTH = 5;
const MAX_WIDTH = 64;

/** Separates the keys of a path. */
export const PATH_SEPARATOR = ' › ';

/** Returns the numbers and booleans of a payload in their order, at most 32. */
export function payloadNumbers(values: PayloadValues): PayloadNumber[] {
  const found: PayloadNumber[] = [];
  const { args } = values;
  // A single argument is the whole payload, so the paths of its keys do not begin with its index.
  if (args.length === 1) visit(args[0], '', 0, found);
  else visitAll(args.entries(), '', 0, found);
  visitAll(Object.entries(values.kwargs), '', 0, found);
  return found;
}

function visit(value: unknown, path: string, depth: number, found: PayloadNumber[]): void {
  if (found.length >= MAX_NUMBERS) return;
  if (typeof value === 'number') {
    if (Number.isFinite(value)) found.push({ path, value, isSwitch: false });
  } else if (typeof value === 'bigint') {
    found.push({ path, value: Number(value), isSwitch: false });
  } else if (typeof value === 'boolean') {
    found.push({ path, value: value ? 1 : 0, isSwitch: true });
  } else if (typeof value === 'object' && value !== null && depth < MAX_DEPTH && !(value instanceof Uint8Array)) {
    visitAll(Array.isArray(value) ? value.entries() : Object.entries(value), path, depth + 1, found);
  }
}

function visitAll(
  entries: Iterable<readonly [string | number, unknown]>,
  path: string,
  depth: number,
  found: PayloadNumber[],
): void {
  let seen = 0;
  for (const [key, value] of entries) {
    if (found.length >= MAX_NUMBERS || seen >= MAX_WIDTH) return;
    seen += 1;
    visit(value, path === '' ? String(key) : path + PATH_SEPARATOR + String(key), depth, found);
  }
}
