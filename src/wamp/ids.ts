/** What an id identifies. The compiler rejects an id of another scope. */
export type IdScope = 'session' | 'publication' | 'subscription' | 'registration' | 'request';

declare const scopeOf: unique symbol;

/** An integer from 1 to 2^53 inclusive (0 only where a message says so). [basic/building_blocks] */
export type Id<Scope extends IdScope> = number & { readonly [scopeOf]: Scope };

/** The largest id: 2^53, one more than `Number.MAX_SAFE_INTEGER`. Accepted, but never generated. */
export const MAX_ID = 2 ** 53;

/** Whether `value` is an id: an integer from 1 to 2^53. */
export function isId(value: unknown): value is number {
  return typeof value === 'number' && value >= 1 && value <= MAX_ID && Number.isInteger(value);
}

/** Marks a number as an id of a scope. Only this function makes the brand. */
export function asId<Scope extends IdScope>(value: number): Id<Scope> {
  return value as Id<Scope>;
}

/** A source of ids of the global scope (sessions, publications). Injected: tests count, the gateway draws at random. */
export type IdSource = () => number;

// A request for random bytes costs microseconds, and each event needs an id. So the bytes are requested in blocks.
const block = new Uint32Array(1024);
let drawn = block.length;

/** Ids drawn uniformly from 1 to 2^53-1. [basic/building_blocks: global scope] */
export const randomIds: IdSource = () => {
  if (drawn >= block.length) {
    crypto.getRandomValues(block);
    drawn = 0;
  }
  const value = ((block[drawn] ?? 0) & 0x1fffff) * 0x1_0000_0000 + (block[drawn + 1] ?? 0);
  drawn += 2;
  return value === 0 ? 1 : value;
};

/** Ids 1, 2, 3 … wrapping after 2^53. [basic/building_blocks: session scope] */
export function countingIds(): IdSource {
  let last = 0;
  return () => {
    last = last >= Number.MAX_SAFE_INTEGER ? 1 : last + 1;
    return last;
  };
}
