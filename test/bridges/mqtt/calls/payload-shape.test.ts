import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { calledPayload, type PayloadShape, shapedPayload } from '../../../../bridges/mqtt/calls/payload-shape.ts';
import { Payload } from '../../../../src/wamp/payload.ts';
import { fc } from '../../../support/fast-check.ts';

const shaped = (shape: PayloadShape, args: readonly unknown[], kwargs = {}): unknown =>
  JSON.parse(
    Buffer.from(shapedPayload(shape, { payload: Payload.of(args, kwargs), method: 'a.b', n: '7' })).toString(),
  );

describe('shapedPayload', () => {
  it('inserts the parts of a call', () => {
    const shape = { method: '$method', params: '$value', all: ['$args', '$kwargs'], n: '$n', fixed: 'x' };
    assert.deepEqual(shaped(shape, [1], { k: 2 }), {
      ...{ method: 'a.b', params: { args: [1], kwargs: { k: 2 } }, all: [[1], { k: 2 }], n: '7', fixed: 'x' },
    });
    assert.deepEqual(shaped({ v: '$value' }, [1, 2]), { v: [1, 2] });
    assert.deepEqual(shaped({ v: '$value' }, [], { k: 1 }), { v: { k: 1 } });
  });

  it('inserts the keys of an object', () => {
    assert.deepEqual(shaped({ '...': '$value', t: '$n' }, [{ a: 1 }]), { a: 1, t: '7' });
    assert.deepEqual(shaped({ '...': '$value', t: '$n' }, [], { a: 1 }), { a: 1, t: '7' });
    assert.deepEqual(shaped({ '...': '$value', t: '$n' }, [{ a: 1 }], { b: 2 }), { a: 1, b: 2, t: '7' });
    assert.deepEqual(shaped({ '...': '$value', t: '$n' }, []), { t: '7' });
    for (const args of [['no object'], [1, 2]]) {
      assert.throws(() => shaped({ '...': '$value' }, args), /expected keyword arguments, or one object/);
    }
  });

  it('writes the value alone, for arguments and for keyword arguments', () => {
    const value = (args: readonly unknown[], kwargs = {}): string =>
      Buffer.from(shapedPayload('value', { payload: Payload.of(args, kwargs), method: 'm', n: '1' })).toString();
    assert.equal(value([], { state: 'ON' }), '{"state":"ON"}');
    assert.equal(value([{ state: 'ON' }], { brightness: 5 }), '{"state":"ON","brightness":5}');
    assert.equal(value(['ON']), 'ON');
    assert.equal(value([5]), '5');
    assert.equal(value([1, 2]), '[1,2]');
    assert.equal(value([]), '');
    assert.equal(value(['ON'], { a: 1 }), '{"args":["ON"],"kwargs":{"a":1}}');
  });
});

describe('calledPayload', () => {
  it('reverses auto', () => {
    // Bytes and text that looks like JSON cannot be reversed in JSON; numbers and objects can.
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
