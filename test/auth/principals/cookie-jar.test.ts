import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { inspect } from 'node:util';
import { CookieJar } from '../../../src/auth/principals/cookie-jar.ts';
import { FakeClock } from '../../support/fake-clock.ts';

describe('cookie jar', () => {
  it('gives a browser without a cookie a new one that scripts and other sites cannot use', () => {
    const jar = new CookieJar(new FakeClock());
    const { cookie, setCookie } = jar.cookieFor(undefined, true);
    assert.equal(setCookie, `wampway=${cookie}; Path=/; HttpOnly; SameSite=Strict; Max-Age=604800; Secure`);
    assert.notEqual(jar.cookieFor(undefined, false).cookie, cookie);
    assert.doesNotMatch(jar.cookieFor(undefined, false).setCookie ?? '', /Secure/);
  });

  it('recognizes a browser that has logged in, only on that realm and during its lifetime', () => {
    const clock = new FakeClock();
    const jar = new CookieJar(clock);
    const { cookie } = jar.cookieFor(undefined, false);
    jar.remember('home', cookie, { authid: 'joe' });
    assert.equal(jar.find('home', cookie)?.authid, 'joe');
    assert.equal(jar.find('work', cookie), undefined);
    assert.deepEqual(jar.cookieFor(`a=b; wampway=${cookie}; c=d`, false), { cookie });
    clock.advance(7 * 24 * 3_600_000);
    assert.equal(jar.find('home', cookie), undefined);
  });

  it('replaces an unknown cookie, which an attacker may have set', () => {
    const jar = new CookieJar(new FakeClock());
    const planted = 'A'.repeat(32);
    const { cookie, setCookie } = jar.cookieFor(`wampway=${planted}`, false);
    assert.notEqual(cookie, planted);
    assert.notEqual(setCookie, undefined);
  });

  it('prints no cookie', () => {
    const jar = new CookieJar(new FakeClock());
    const { cookie } = jar.cookieFor(undefined, false);
    jar.remember('home', cookie, { authid: 'joe' });
    assert.equal(inspect(jar, { depth: 9, showHidden: true }).includes(cookie), false);
    assert.equal(JSON.stringify(jar).includes(cookie), false);
  });
});
