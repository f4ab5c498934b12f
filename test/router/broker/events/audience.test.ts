import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Audience } from '../../../../src/router/broker/events/audience.ts';
import { audienceOptions, receivers } from '../../../support/audiences.ts';
import { fc } from '../../../support/fast-check.ts';

describe('Audience', () => {
  it('covers another only if it admits every receiver of the other [advanced/pubsub_subscriber_blackwhite_listing]', () => {
    let covered = 0;
    fc.assert(
      fc.property(audienceOptions, audienceOptions, (a, b) => {
        const [one, other] = [Audience.of(a), Audience.of(b)];
        if (one === undefined || other === undefined || !one.covers(other)) return;
        covered++;
        for (const receiver of receivers) assert.ok(one.admits(receiver) || !other.admits(receiver));
      }),
      { numRuns: 3000 },
    );
    assert.ok(covered > 50, `so few are compared that nothing is shown: ${covered}`);
  });

  it('covers an audience with the same lists or narrower ones', () => {
    const covers = (a: object, b: object): boolean | undefined => {
      const [one, other] = [Audience.of({ ...a }), Audience.of({ ...b })];
      return other === undefined ? undefined : one?.covers(other);
    };
    assert.equal(covers({ eligible: [1, 2] }, { eligible: [2] }), true);
    assert.equal(covers({ eligible: [2] }, { eligible: [1, 2] }), false);
    assert.equal(covers({ exclude_authrole: ['a'] }, { exclude_authrole: ['b', 'a'] }), true);
    assert.equal(covers({ exclude_authrole: ['a', 'b'] }, { exclude_authrole: ['a'] }), false);
    assert.equal(covers({ exclude: [] }, { eligible_authid: ['x'] }), true);
    assert.equal(covers({ eligible_authid: ['x'] }, { exclude: [] }), false);
  });

  it('says if it admits no session, and if it names sessions', () => {
    assert.equal(Audience.of({ eligible_authrole: [], eligible: [1] })?.isEmpty, true);
    assert.equal(Audience.of({ exclude: [] })?.isEmpty, false);
    assert.equal(Audience.of({ exclude: [] })?.namesSessions, true);
    assert.equal(Audience.of({ eligible: [] })?.namesSessions, true);
    assert.equal(Audience.of({ exclude_authid: ['x'], eligible_authrole: ['y'] })?.namesSessions, false);
  });
});
