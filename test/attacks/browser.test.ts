import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { WebSocket } from 'ws';
import { Browser } from './browser-peer.ts';
import { GatewayFixture } from './gateway-fixture.ts';

const TICKET = { authmethods: ['ticket'], authid: 'admin' };

describe('attacks by browsers', () => {
  let fixture: GatewayFixture;
  let url: string;
  let own: string;
  before(async () => {
    fixture = await GatewayFixture.start();
    url = `ws://127.0.0.1:${fixture.ports.web}/ws`;
    own = `http://127.0.0.1:${fixture.ports.web}`;
  });
  after(() => fixture[Symbol.asyncDispose]());

  async function loggedIn(): Promise<{ readonly browser: Browser; readonly cookie: string }> {
    const browser = await Browser.open(url, { Origin: own });
    assert.equal((await browser.hello('home', TICKET))[0], 4);
    assert.equal((await browser.request(5, 'admin-secret', {}))[0], 2);
    return { browser, cookie: browser.cookie ?? assert.fail('no cookie') };
  }

  const origins: readonly (readonly [string, string])[] = [
    ['of another site', 'https://evil.example'],
    ['of another site whose name contains the address of the gateway', 'http://127.0.0.1.evil.example'],
    ['of another site with the address of the gateway as its user name', 'http://127.0.0.1@evil.example'],
    ['of a site whose name resolves to the gateway', 'http://rebound.example:PORT'],
    ['in a sandbox', 'null'],
    ['from a file', 'file://'],
    ['of an extension', 'chrome-extension://abcdef'],
    ['with an empty origin', ''],
    ['with several origins', 'http://127.0.0.1, https://evil.example'],
  ];
  for (const [what, origin] of origins) {
    it(`a page ${what} cannot open a WebSocket or a long-poll transport, even with a valid cookie`, async () => {
      const { browser, cookie } = await loggedIn();
      using _ = browser;
      const { web } = fixture.ports;
      const page = origin.replace('PORT', String(web));
      const host = page.includes('rebound') ? { Host: `rebound.example:${web}` } : {};
      await assert.rejects(Browser.open(url, { Origin: page, Cookie: cookie, ...host }), /403/);
      const poll = await fetch(`${own}/lp/open`, {
        method: 'POST',
        headers: { Origin: page, Cookie: cookie, 'Content-Type': 'application/json' },
        body: JSON.stringify({ protocols: ['wamp.2.json'] }),
      });
      // fetch sets Host itself, so this request cannot use the other name.
      if (!page.includes('rebound')) assert.equal(poll.status, 403);
      assert.notEqual(poll.headers.get('access-control-allow-origin'), page);
    });
  }

  it('a cookie is HttpOnly and SameSite=Strict, so no script can read it and no other site can send it', async () => {
    const response = await new Promise<readonly string[]>((resolve, reject) => {
      const socket = new WebSocket(url, ['wamp.2.json'], { headers: { Origin: own } });
      socket.once('upgrade', answer => resolve(answer.headers['set-cookie'] ?? []));
      socket.once('error', reject);
      socket.once('open', () => socket.terminate());
    });
    assert.match(response[0] ?? '', /; HttpOnly; SameSite=Strict/);
  });

  it('a cookie logs in only the principal of its login, only in the realm of its login, and only after that login', async () => {
    const { browser, cookie } = await loggedIn();
    using _ = browser;
    const method = { authmethods: ['cookie'] };
    using again = await Browser.open(url, { Origin: own, Cookie: cookie });
    assert.equal((await again.hello('home', method))[0], 2);
    // Rejected: another realm, another authid, a cookie without a login, invented cookies and altered cookies.
    using thief = await Browser.open(url, { Origin: own, Cookie: cookie });
    assert.deepEqual((await thief.hello('vault', method)).slice(2), ['wamp.error.authentication_denied']);
    using other = await Browser.open(url, { Origin: own, Cookie: cookie });
    assert.deepEqual((await other.hello('home', { ...method, authid: 'pump' })).slice(2), [
      'wamp.error.authentication_denied',
    ]);
    using fresh = await Browser.open(url, { Origin: own });
    const unused = fresh.cookie ?? assert.fail('no cookie');
    for (const stolen of [
      unused,
      `wampway=${'A'.repeat(32)}`,
      `${cookie.slice(0, -1)}${cookie.endsWith('A') ? 'B' : 'A'}`,
      cookie.toUpperCase(),
      `wampway=__proto__`,
      '',
    ]) {
      using peer = await Browser.open(url, { Origin: own, Cookie: stolen });
      const [abort, , reason] = await peer.hello('home', method);
      assert.deepEqual([abort, reason], [3, 'wamp.error.authentication_denied'], stolen);
    }
    await fixture.assertHealthy();
  });

  it('a cookie that an attacker planted in a browser does not log in, and the login replaces it', async () => {
    const planted = `wampway=${'B'.repeat(32)}`;
    using victim = await Browser.open(url, { Origin: own, Cookie: planted });
    assert.equal((await victim.hello('home', TICKET))[0], 4);
    assert.equal((await victim.request(5, 'admin-secret', {}))[0], 2);
    assert.notEqual(victim.cookie, planted);
    using thief = await Browser.open(url, { Origin: own, Cookie: planted });
    assert.equal((await thief.hello('home', { authmethods: ['cookie'] }))[0], 3);
  });

  it('a client without the cookie cannot log in by the method cookie, and the log contains no cookie', async () => {
    const { browser, cookie } = await loggedIn();
    using _ = browser;
    assert.ok(!JSON.stringify(fixture.log.lines).includes(cookie.slice(8)));
    await assert.rejects(
      fixture.join('admin', { logins: [{ method: 'cookie', begin: () => ({ answer: () => '' }) }] }),
    );
  });
});
