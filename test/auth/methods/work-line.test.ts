import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { WorkLine } from '../../../src/auth/methods/work-line.ts';
import { WampError } from '../../../src/wamp/errors.ts';

describe('work line', () => {
  it('does one after the other, and tells who comes when too many wait what may be told to a peer', async () => {
    const line = new WorkLine();
    let [busy, most, refused] = [0, 0, 0];
    const work = async (): Promise<void> => {
      busy++;
      most = Math.max(most, busy);
      await new Promise(setImmediate);
      busy--;
    };
    const all = Array.from({ length: 300 }, () =>
      line.run(work).catch((error: unknown) => {
        assert.ok(error instanceof WampError);
        assert.equal(error.uri, 'wamp.error.authentication_failed');
        refused++;
      }),
    );
    await Promise.all(all);
    assert.deepEqual([most, refused], [1, 300 - 256]);
    await line.run(work);
  });
});
