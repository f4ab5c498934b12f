import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { calledPayload, type PayloadShape, shapedPayload } from '../../../../bridges/mqtt/calls/payload-shape.ts';
import { Payload } from '../../../../src/wamp/payload.ts';

const shaped = (shape: PayloadShape, args: readonly unknown[], kwargs = {}): unknown =>
  JSON.parse(
    Buffer.from(shapedPayload(shape, { payload: Payload.of(args, kwargs), method: 'a.b', n: '7' })).toString(),
  );

describe('shapedPayload', () => {
  it('fills in the parts of a call', () => {
    const shape = { method: '$method', params: '$value', all: ['$args', '$kwargs'], n: '$n', fixed: 'x' };
    assert.deepEqual(shaped(shape, [1], { k: 2 }), {
      ...{ method: 'a.b', params: 1, all: [[1], { k: 2 }], n: '7', fixed: 'x' },
    });
    assert.deepEqual(shaped({ v: '$value' }, [1, 2]), { v: [1, 2] });
    assert.deepEqual(shaped({ v: '$value' }, [], { k: 1 }), { v: { k: 1 } });
  });

  it('takes in the keys of an object', () => {
    assert.deepEqual(shaped({ '...': '$value', t: '$n' }, [{ a: 1 }]), { a: 1, t: '7' });
    assert.deepEqual(shaped({ '...': '$value', t: '$n' }, ['no object']), { t: '7' });
  });
});

describe('calledPayload', () => {
  it('is the way back of auto', () => {
    // Bytes and text that looks like JSON have no way back in JSON; numbers and objects do.
    const value = fc.oneof(fc.integer(), fc.boolean(), fc.dictionary(fc.constantFrom('a', 'b'), fc.integer()));
    const kwargs = fc.dictionary(fc.constantFrom('x', 'y'), fc.integer());
    fc.assert(
      fc.property(fc.array(value, { maxLength: 3 }), kwargs, (args, named) => {
        const back = calledPayload(shapedPayload('auto', { payload: Payload.of(args, named), method: '', n: '' }));
        assert.equal(JSON.stringify([back.args, back.kwargs]), JSON.stringify([args, named]));
      }),
    );
  });
});
