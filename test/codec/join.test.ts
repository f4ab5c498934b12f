import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { codecNamed } from '../../src/codec/codecs.ts';
import { fc } from '../support/fast-check.ts';
import { value } from './arbitrary-values.ts';

describe('PayloadFormat.join', () => {
  for (const name of ['json', 'cbor', 'msgpack'] as const) {
    const { format } = codecNamed(name);
    const rowOf = (row: unknown): Uint8Array => format.encode({ args: [row], kwargs: {} }, 1);

    it(`${name}: joins encoded rows to the same items as one encoding of all rows`, () => {
      fc.assert(
        fc.property(fc.array(value, { minLength: 1, maxLength: 40 }), fc.boolean(), (args, more) => {
          const kwargs = more ? { more: true } : {};
          const count = more ? 2 : 1;
          const [joined, whole] = [format.join(args.map(rowOf), kwargs, count), format.encode({ args, kwargs }, count)];
          // Values, not bytes: how a number is written may depend on those beside it.
          assert.deepEqual(format.decode(joined, count), format.decode(whole, count));
        }),
      );
    });

    it(`${name}: writes the head of a list of every length`, () => {
      for (const length of [1, 15, 16, 23, 24, 255, 256, 65_535, 65_536]) {
        const args = Array<number>(length).fill(7);
        assert.deepEqual(format.join(args.map(rowOf), {}, 1), format.encode({ args, kwargs: {} }, 1));
      }
    });
  }
});
