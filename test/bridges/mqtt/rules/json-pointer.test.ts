import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { JsonPointer } from '../../../../bridges/mqtt/rules/json-pointer.ts';

const value = { ENERGY: { Power: 12, list: [1, { x: null }] }, 'a/b': 1, 'm~n': 2, '': 3 };

describe('JsonPointer [RFC6901]', () => {
  it('finds values', () => {
    const cases: readonly (readonly [string, unknown])[] = [
      ['', value],
      ['/ENERGY/Power', 12],
      ['/ENERGY/list/1/x', null],
      ['/a~1b', 1],
      ['/m~0n', 2],
      ['/', 3],
      ['/ENERGY/none', undefined],
      ['/ENERGY/list/01', undefined],
      ['/ENERGY/list/-', undefined],
      ['/ENERGY/Power/x', undefined],
      ['/__proto__', undefined],
      ['/constructor', undefined],
    ];
    for (const [pointer, expected] of cases) assert.deepEqual(new JsonPointer(pointer).find(value), expected, pointer);
  });

  it('changes a copy, and nothing if the position does not exist', () => {
    const changed = new JsonPointer('/ENERGY/list/0').change(value, old => [old]);
    assert.deepEqual(changed, { ...value, ENERGY: { Power: 12, list: [[1], { x: null }] } });
    assert.equal(value.ENERGY.list[0], 1);
    assert.equal(
      new JsonPointer('/none').change(value, () => 1),
      value,
    );
    assert.equal(
      new JsonPointer('').change(5, () => 6),
      6,
    );
  });

  it('refuses a text that is not a pointer', () => {
    assert.throws(() => new JsonPointer('a'), /must begin with \//);
    assert.throws(() => new JsonPointer('/~2'), /~ must be written as ~0/);
  });
});
