import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { silentLogger } from '../../../src/base/logger.ts';
import { ALLOW, type Authorizer, DENY, type Decision } from '../../../src/router/policy/authorizer.ts';
import { DecisionCache } from '../../../src/router/policy/decision-cache.ts';
import { MemoryShare } from '../../../src/router/quota/memory-share.ts';
import { Router } from '../../../src/router/router.ts';
import { asUri } from '../../../src/wamp/uri.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { ListLink } from '../../support/list-link.ts';

/** A router whose authorizer returns `answer` and records the questions. */
class Harness {
  readonly asked: string[] = [];
  answer: () => Decision = () => ALLOW;
  readonly authorizer: { version?: number | undefined } & Authorizer = {
    version: 1,
    decide: ({ principal }, action, uri) => {
      this.asked.push(`${principal.authid} ${action} ${uri}`);
      return this.answer();
    },
  };
  readonly #router = new Router({
    realms: [{ name: 'realm1', uri: 'loose' }],
    authenticator: { begin: () => assert.fail('everybody is vouched for') },
    authorizer: this.authorizer,
    clock: new FakeClock(),
    log: silentLogger,
  });
  #requests = 0;

  join(authid: string): ListLink {
    const link = new ListLink();
    this.#router.attach(link, { authid, authrole: 'guest', authmethod: 'test', authprovider: 'test' });
    link.say([1, 'realm1', { roles: { publisher: {}, subscriber: {}, caller: {}, callee: {} } }]);
    link.heard.length = 0;
    return link;
  }

  /** Publishes. Returns the type of the answer, PUBLISHED or ERROR. */
  publish(link: ListLink, topic: string): unknown {
    link.say([16, ++this.#requests, { acknowledge: true }, topic]);
    return this.#answer(link);
  }

  call(link: ListLink, procedure: string): unknown {
    link.say([48, ++this.#requests, {}, procedure]);
    return this.#answer(link);
  }

  #answer(link: ListLink): unknown {
    const [code, , , , error] = link.heard.at(-1) ?? [];
    return error ?? code;
  }
}

const PUBLISHED = 17;

describe('DecisionCache', () => {
  it('asks an authorizer with a version once for each session, action and URI', () => {
    const harness = new Harness();
    const [ann, ben] = [harness.join('ann'), harness.join('ben')];
    for (let i = 0; i < 3; i++) {
      assert.equal(harness.publish(ann, 'com.app.a'), PUBLISHED);
      assert.equal(harness.publish(ann, 'com.app.b'), PUBLISHED);
      assert.equal(harness.publish(ben, 'com.app.a'), PUBLISHED);
      assert.equal(harness.call(ann, 'com.app.a'), 'wamp.error.no_such_procedure');
    }
    assert.deepEqual(harness.asked, [
      'ann publish com.app.a',
      'ann publish com.app.b',
      'ben publish com.app.a',
      'ann call com.app.a',
    ]);
  });

  it('caches refusals and permissions until the version changes', () => {
    const harness = new Harness();
    const ann = harness.join('ann');
    harness.answer = () => DENY;
    assert.equal(harness.publish(ann, 'com.app.a'), 'wamp.error.not_authorized');
    harness.answer = () => ALLOW;
    assert.equal(harness.publish(ann, 'com.app.a'), 'wamp.error.not_authorized');
    harness.authorizer.version = 2;
    assert.equal(harness.publish(ann, 'com.app.a'), PUBLISHED);
    harness.answer = () => DENY;
    assert.equal(harness.publish(ann, 'com.app.a'), PUBLISHED);
    harness.authorizer.version = 1;
    assert.equal(harness.publish(ann, 'com.app.a'), 'wamp.error.not_authorized');
  });

  it('asks an authorizer without a version every time', () => {
    const harness = new Harness();
    harness.authorizer.version = undefined;
    const ann = harness.join('ann');
    for (let i = 0; i < 3; i++) harness.publish(ann, 'com.app.a');
    assert.equal(harness.asked.length, 3);
  });

  it('asks again after a failure of the authorizer', () => {
    const harness = new Harness();
    const ann = harness.join('ann');
    harness.answer = () => assert.fail('out of order');
    assert.equal(harness.publish(ann, 'com.app.a'), 'wamp.error.authorization_failed');
    harness.answer = () => ALLOW;
    assert.equal(harness.publish(ann, 'com.app.a'), PUBLISHED);
  });

  it('bounds the decisions of a session that uses many topics', () => {
    const harness = new Harness();
    const ann = harness.join('ann');
    for (let i = 0; i < 1100; i++) for (let twice = 0; twice < 2; twice++) harness.publish(ann, `com.app.t${i}`);
    const long = `com.${'x'.repeat(300)}`;
    for (let i = 0; i < 3; i++) harness.publish(ann, long);
    harness.asked.length = 0;
    // The entries before the bound were deleted, those after it are cached.
    for (const topic of ['com.app.t0', 'com.app.t1099', long]) harness.publish(ann, topic);
    assert.deepEqual(harness.asked, ['ann publish com.app.t0', `ann publish ${long}`]);
  });

  it('shares one memory budget among all sessions, and releases it when a session leaves', () => {
    const share = new MemoryShare(1000);
    const [one, other] = [new DecisionCache(share), new DecisionCache(share)];
    for (let i = 0; i < 8; i++) one.set('publish', asUri(`topic.${i}`), 1, ALLOW);
    assert.ok(share.reserved > 800 && share.reserved <= 1000);
    for (let i = 0; i < 8; i++) other.set('call', asUri(`topic.${i}`), 1, ALLOW);
    assert.ok(share.reserved <= 1000);
    assert.equal(one.get('publish', asUri('topic.7'), 1), ALLOW);
    other.clear();
    one.clear();
    assert.equal(share.reserved, 0);
  });
});
