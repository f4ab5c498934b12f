import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BytesHead, truncate } from '../../../console/model/payload/truncate.ts';

describe('truncate', () => {
  it('returns a payload that fits unchanged', () => {
    const values = { args: [{ a: 1 }, 'text'], kwargs: { b: new Uint8Array(3) } };
    const { values: kept, truncated } = truncate(values, 1000);
    assert.equal(kept, values);
    assert.equal(truncated, false);
  });

  it('cuts texts, lists, objects and bytes, and names the size of the omitted part', () => {
    assert.deepEqual(truncate({ args: ['x'.repeat(200)], kwargs: {} }, 100).values.args, [
      `${'x'.repeat(92)}… 108 more characters`,
    ]);
    const list = truncate({ args: [Array.from({ length: 1000 }, () => 1)], kwargs: {} }, 100).values.args[0];
    assert.deepEqual(Array.isArray(list) && [list.length, list.at(-1)], [13, '… 988 more']);
    const { kwargs } = truncate({ args: [], kwargs: { aa: 'x'.repeat(99), bb: 1, cc: 2 } }, 50).values;
    assert.deepEqual(Object.keys(kwargs), ['aa', '…']);
    assert.equal(kwargs['…'], '2 more');
    const bytes = truncate({ args: [new Uint8Array(100_000)], kwargs: {} }, 50_000).values.args[0];
    assert.ok(bytes instanceof BytesHead);
    assert.deepEqual([bytes.head.length, bytes.length], [1024, 100_000]);
  });

  it('limits the depth', () => {
    let deep: unknown = 1;
    for (let level = 0; level < 5000; level += 1) deep = [deep];
    const { values, truncated } = truncate({ args: [deep], kwargs: {} }, 100_000);
    assert.equal(truncated, true);
    assert.match(JSON.stringify(values.args), /^\[+"…"\]+$/);
  });

  it('keeps __proto__ as an ordinary key', () => {
    const record: unknown = JSON.parse(`{"__proto__":{"polluted":1},"long":"${'x'.repeat(500)}"}`);
    const [kept] = truncate({ args: [record], kwargs: {} }, 200).values.args;
    assert.ok(typeof kept === 'object' && kept !== null && Object.hasOwn(kept, '__proto__'));
    assert.equal('polluted' in kept, false);
  });
});
