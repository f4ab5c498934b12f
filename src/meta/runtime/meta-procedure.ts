import type { RouterSession } from '../../router/session/session.ts';
import type { Dict } from '../../wamp/dict.ts';
import type { Payload } from '../../wamp/payload.ts';

/** A call of a meta procedure. */
export interface MetaCall {
  readonly caller: RouterSession;
  readonly args: readonly unknown[];
  readonly kwargs: Dict;
  /** The undecoded arguments. */
  readonly payload: Payload;
}

/**
 * The steps of a call that may be long. Each `yield` ends a step and reports its cost, in units of about ten
 * microseconds. The returned value is the result.
 */
export type MetaSteps = Generator<number, unknown, undefined>;

/**
 * The value that an `InvocationHandler` may return, or steps that return it. A thrown `WampError` is sent to the
 * caller.
 */
export type MetaProcedure = (call: MetaCall) => unknown;

export type MetaProcedures = Readonly<Record<string, MetaProcedure>>;

/** Items per step, if the cost of each is negligible. */
const RUN = 200;

/** Iterates over many items, and yields after each `run` of them. */
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

/** The ids of many items, computed in steps. */
export function* idsInSteps(items: Iterable<{ readonly id: number }>): MetaSteps {
  const ids: number[] = [];
  yield* inSteps(items, ({ id }) => ids.push(id));
  return ids;
}

/** The number of many items, counted in steps. */
export function* countInSteps(items: Iterable<unknown>): MetaSteps {
  let count = 0;
  yield* inSteps(items, () => count++);
  return count;
}
