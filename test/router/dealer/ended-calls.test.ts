import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { EndedCalls } from '../../../src/router/dealer/ended-calls.ts';
import { asId } from '../../../src/wamp/ids.ts';
import { asUri } from '../../../src/wamp/uri.ts';

const procedure = asUri('com.app.p');

describe('EndedCalls', () => {
  it('finds a call by its id and procedure', () => {
    const ended = new EndedCalls();
    assert.equal(ended.has(asId(1), procedure), false);
    ended.add(asId(1), procedure);
    assert.equal(ended.has(asId(1), procedure), true);
    assert.equal(ended.has(asId(1), asUri('com.app.q')), false);
    assert.equal(ended.has(asId(2), procedure), false);
  });

  it('deletes the oldest call if there are more than 1000', () => {
    const ended = new EndedCalls();
    for (let request = 1; request <= 1000; request++) ended.add(asId(request), procedure);
    ended.add(asId(1), procedure);
    ended.add(asId(1001), procedure);
    assert.deepEqual(
      [1, 2, 3, 1001].map(request => ended.has(asId(request), procedure)),
      [true, false, true, true],
    );
  });

  it('bounds the characters of all procedures', () => {
    const ended = new EndedCalls();
    const long = (i: number) => asUri(`${i}.${'x'.repeat(4000)}`);
    for (let i = 1; i <= 100; i++) ended.add(asId<'request'>(i), long(i));
    const known = Array.from({ length: 100 }, (_, i) => ended.has(asId<'request'>(i + 1), long(i + 1)));
    assert.deepEqual([known.filter(Boolean).length, known.at(-1)], [8, true]);
  });
});
