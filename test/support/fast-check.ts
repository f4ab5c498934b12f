import * as fc from 'fast-check';

/**
 * The seed that decides what the tests of this process draw: `TEST_SEED`, a whole number from 0 to 2^31 - 1, or 1. What a
 * run of the tests meets does not depend on chance; `TEST_SEED=$RANDOM npm test` makes it meet something else.
 */
export const testSeed = seedFrom(process.env['TEST_SEED']);

function seedFrom(text: string | undefined): number {
  if (text === undefined) return 1;
  if (/^\d{1,10}$/.test(text) && Number(text) < 2 ** 31) return Number(text);
  throw new TypeError(`TEST_SEED must be a whole number from 0 to 2147483647, not ${JSON.stringify(text)}`);
}

fc.configureGlobal({ seed: testSeed });

export { fc };
