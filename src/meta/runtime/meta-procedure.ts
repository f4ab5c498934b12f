import type { RouterSession } from '../../router/session/session.ts';
import type { Dict } from '../../wamp/dict.ts';
import type { Payload } from '../../wamp/payload.ts';

/** A call of a meta procedure. */
export interface MetaCall {
  readonly caller: RouterSession;
  readonly args: readonly unknown[];
  readonly kwargs: Dict;
  /** The same, not taken apart. */
  readonly payload: Payload;
}

/**
 * The work of a call that may be long: each `yield` ends a step and says what the step cost, in units of about ten
 * microseconds. The value that it returns is the answer.
 */
export type MetaSteps = Generator<number, unknown, undefined>;

/**
 * What an `InvocationHandler` may return, or steps whose last value is that; a thrown `WampError` is for the caller.
 */
export type MetaProcedure = (call: MetaCall) => unknown;

export type MetaProcedures = Readonly<Record<string, MetaProcedure>>;

/** Items looked at in one step, where each costs next to nothing. */
const RUN = 200;

/** Looks at many items, and yields after each `run` of them. */
export function* inSteps<T>(
  items: Iterable<T>,
  look: (item: T) => void,
  run = RUN,
): Generator<number, void, undefined> {
  let count = 0;
  for (const item of items) {
    look(item);
    if (++count % run === 0) yield 1;
  }
}

/** The ids of many items, as the answer of a call that is done in steps. */
export function* idsInSteps(items: Iterable<{ readonly id: number }>): MetaSteps {
  const ids: number[] = [];
  yield* inSteps(items, ({ id }) => ids.push(id));
  return ids;
}

/** The number of many items, as the answer of a call that is done in steps. */
export function* countInSteps(items: Iterable<unknown>): MetaSteps {
  let count = 0;
  yield* inSteps(items, () => count++);
  return count;
}
