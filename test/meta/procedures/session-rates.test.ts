import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SessionRates } from '../../../src/meta/procedures/session-rates.ts';
import { featuresOfClient } from '../../../src/router/session/client-features.ts';
import { RouterSession } from '../../../src/router/session/session.ts';
import { asId } from '../../../src/wamp/ids.ts';
import { ListLink } from '../../support/list-link.ts';

const JOINED = 5000;

function session(): RouterSession {
  const principal = { authid: 'a', authrole: 'b', authmethod: 'test', authprovider: 'test' };
  const features = featuresOfClient({ roles: { caller: {} } }, false) ?? assert.fail();
  const session = new RouterSession(asId(1), 'realm1', principal, features, new ListLink(), 0);
  session.since = JOINED;
  return session;
}

function counted(messagesIn: number, messagesOut: number) {
  return { messagesIn, messagesOut, bytesIn: messagesIn * 10, bytesOut: messagesOut * 20, dropped: 0, slowed: 0 };
}

describe('SessionRates', () => {
  it('cover the time since the session joined, then since the last query', () => {
    const rates = new SessionRates();
    const one = session();
    assert.deepEqual(rates.of(one, counted(8, 4), JOINED + 4000), {
      ...{ messages_received: 2, bytes_received: 20, messages_sent: 1, bytes_sent: 20 },
    });
    assert.deepEqual(rates.of(one, counted(11, 4), JOINED + 6000), {
      ...{ messages_received: 1.5, bytes_received: 15, messages_sent: 0, bytes_sent: 0 },
    });
  });

  it('stay for a second, so that frequent queries do not measure too short periods', () => {
    const rates = new SessionRates();
    const one = session();
    const first = rates.of(one, counted(8, 4), JOINED + 4000);
    assert.equal(rates.of(one, counted(80, 40), JOINED + 4999), first);
    assert.equal(rates.of(one, counted(80, 40), JOINED + 5000)['messages_received'], 72);
  });
});
