import { fc } from '../support/fast-check.ts';

/** Text of any well-formed kind, long and short, but for those that begin with NUL. */
export const text: fc.Arbitrary<string> = fc
  .oneof(
    fc.string({ unit: 'binary' }),
    fc.string({ unit: 'grapheme', maxLength: 60 }),
    fc.string({ unit: 'binary-ascii', minLength: 20, maxLength: 300 }),
  )
  .filter(text => !text.startsWith('\0'));

/**
 * Values that every codec carries exactly: no NaN or infinity (JSON has none), no text that begins with NUL (JSON takes
 * it for binary), no integer wider than 64 bits (MsgPack has none), no integer beyond 2^53 as a number.
 */
export const value: fc.Arbitrary<unknown> = fc.letrec<{ value: unknown; leaf: unknown }>(tie => ({
  leaf: fc.oneof(
    fc.constantFrom(
      null,
      true,
      false,
      0,
      -0,
      23,
      24,
      255,
      256,
      65_535,
      65_536,
      2 ** 32 - 1,
      2 ** 32,
      2 ** 53,
      -(2 ** 53),
    ),
    fc.constantFrom(-1, -24, -25, -32, -33, -128, -129, -32_768, -32_769, -(2 ** 31), -(2 ** 31) - 1),
    fc.integer(),
    fc.maxSafeInteger(),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }).map(exactly),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.float({ noNaN: true, noDefaultInfinity: true }),
    text,
    fc.uint8Array({ maxLength: 40 }),
  ),
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    tie('leaf'),
    fc.array(tie('value'), { maxLength: 30 }),
    dictionary(tie('value')),
  ),
})).value;

export function dictionary(item: fc.Arbitrary<unknown>): fc.Arbitrary<Record<string, unknown>> {
  const key = fc.oneof(
    fc.string(),
    fc.string({ unit: 'binary' }),
    fc.constantFrom('__proto__', 'constructor', 'toJSON', ''),
  );
  return fc.array(fc.tuple(key, item), { maxLength: 20 }).map(entries => Object.fromEntries(entries));
}

export const args: fc.Arbitrary<unknown[]> = fc.array(value, { maxLength: 6 });
export const kwargs: fc.Arbitrary<Record<string, unknown>> = dictionary(value);

/** An integer as the codecs give it: a number to 2^53, a bigint beyond. */
export function exactly(value: bigint): number | bigint {
  return value >= -(2n ** 53n) && value <= 2n ** 53n ? Number(value) : value;
}
