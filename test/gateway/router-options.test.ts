import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { silentLogger } from '../../src/base/logger.ts';
import { parseConfig } from '../../src/gateway/config/load-config.ts';
import { realmOptions } from '../../src/gateway/router-options.ts';
import { Router } from '../../src/router/router.ts';
import { asId, countingIds } from '../../src/wamp/ids.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { ListLink } from '../support/list-link.ts';

describe('realmOptions', () => {
  it('make a router retain and record as configured', () => {
    const { realms } = parseConfig(
      {
        realms: [
          {
            name: 'realm1',
            history: [
              { topic: 'log', match: 'prefix', maxEvents: 2 },
              { topic: 'log.a', maxAge: 1000 },
              { topic: 'log.b', maxBytes: 1024 },
            ],
            retained: { maxTopics: 1, whenFull: 'refuse' },
          },
        ],
      },
      [],
    );
    const clock = new FakeClock();
    const router = new Router({
      realms: realms.map(realmOptions),
      authenticator: { begin: () => assert.fail('everybody is vouched for') },
      clock,
      log: silentLogger,
      sessionIds: countingIds(),
    });
    const link = new ListLink();
    router.attach(link, { authid: 'a', authrole: 'b', authmethod: 'test', authprovider: 'test' });
    link.say([1, 'realm1', { roles: { publisher: {} } }]);
    for (const [i, topic] of ['log.a', 'log.b', 'log.b', 'log.b', 'log.c'].entries()) {
      link.say([16, i + 1, { retain: true }, topic, [topic === 'log.b' ? 'x'.repeat(200) : '']]);
      clock.advance(500);
    }
    const realm = router.realm('realm1');
    const session = realm?.session(asId(1));
    assert.ok(realm !== undefined && session !== undefined);
    const recorded = [1, 2, 3].map(id => [...realm.broker.events(session, asId(id), {})].length);
    assert.deepEqual(recorded, [2, 0, 1]);
    const { topicCount, refused, evicted } = realm.broker.retained;
    assert.deepEqual([topicCount, refused, evicted], [1, 4, 0]);
  });
});
