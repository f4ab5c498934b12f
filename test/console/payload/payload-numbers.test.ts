import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { payloadNumbers } from '../../../console/model/payload/payload-numbers.ts';

const found = (args: unknown[], kwargs: Record<string, unknown> = {}) =>
  payloadNumbers({ args, kwargs }).map(({ path, value, isSwitch }) => [path, value, ...(isSwitch ? ['switch'] : [])]);

describe('numbers in a payload', () => {
  it('gives a single number an empty path', () => assert.deepEqual(found([21.5]), [['', 21.5]]));

  it('finds numbers in objects, keyword arguments and lists', () => {
    assert.deepEqual(
      found([{ temperature: 21.5, position: { lat: 1, lon: 2 }, name: 'x', list: [7, 8] }], { rssi: -70 }),
      [
        ['temperature', 21.5],
        ['position › lat', 1],
        ['position › lon', 2],
        ['list › 0', 7],
        ['list › 1', 8],
        ['rssi', -70],
      ],
    );
  });

  it('begins the paths of several arguments with their index', () => {
    assert.deepEqual(found([1, { a: 2 }]), [
      ['0', 1],
      ['1 › a', 2],
    ]);
  });

  it('reads true and false as a switch', () => {
    assert.deepEqual(found([true], { on: false }), [
      ['', 1, 'switch'],
      ['on', 0, 'switch'],
    ]);
  });

  it('omits values that a chart cannot show', () => {
    assert.deepEqual(found(['21', null, Number.NaN, Number.POSITIVE_INFINITY, new Uint8Array([1, 2])]), []);
  });

  it('limits number, width and depth', () => {
    assert.equal(found(Array.from({ length: 1000 }, (_, index) => index)).length, 32);
    let deep: unknown = 1;
    for (let level = 0; level < 10_000; level += 1) deep = { a: deep };
    assert.deepEqual(found([deep]), []);
    const wide = Object.fromEntries(Array.from({ length: 100_000 }, (_, index) => [`text${index}`, 'x']));
    assert.deepEqual(found([{ ...wide, last: 1 }]), []);
  });
});
