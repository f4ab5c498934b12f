import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MetaApi } from '../../src/meta/meta-api.ts';
import { AnonymousAuthenticator } from '../../src/router/anonymous-authenticator.ts';
import type { RealmView } from '../../src/router/realm.ts';
import { Router } from '../../src/router/router.ts';
import { asUri } from '../../src/wamp/uri.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { RecordingLogger } from '../support/recording-logger.ts';
import { until } from '../support/until.ts';

async function scene() {
  const [clock, log] = [new FakeClock(), new RecordingLogger()];
  const meta = new MetaApi({ clock, log });
  const router = new Router({
    realms: [{ name: 'realm1', uri: 'loose' }],
    authenticator: new AnonymousAuthenticator({ who: 'none' }),
    authorizer: meta.authorizer,
    observer: meta.observer,
    clock,
    log,
  });
  await meta.start(router);
  const realm: RealmView = router.realm('realm1') ?? assert.fail();
  return { clock, log, meta, router, realm };
}

const count = asUri('wamp.session.count');

/** Ends the session that answers, as nothing but a mistake would. */
function lose(realm: RealmView): void {
  for (const session of [...realm.sessions()]) session.end(asUri('com.app.mistake'));
}

describe('MetaApi', () => {
  it('opens the session that answers again, a second after it was lost', async () => {
    const { clock, log, meta, realm } = await scene();
    assert.notEqual(realm.dealer.match(count), undefined);
    lose(realm);
    assert.equal(realm.dealer.match(count), undefined);
    await until('the loss to be noticed', () => log.lines.some(({ text }) => /the meta session was lost/.test(text)));
    clock.advance(1000);
    await until('the procedures', () => realm.dealer.match(count) !== undefined);
    await meta.stop();
    assert.deepEqual([...realm.sessions()], []);
  });

  it('does not where it has been stopped meanwhile', async () => {
    const { clock, log, meta, realm } = await scene();
    lose(realm);
    await until('the loss to be noticed', () => log.lines.some(({ text }) => /the meta session was lost/.test(text)));
    await meta.stop();
    clock.advance(10_000);
    for (let turn = 0; turn < 5; turn++) await new Promise(resolve => setImmediate(resolve));
    assert.deepEqual([...realm.sessions()], []);
  });
});
