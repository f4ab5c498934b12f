import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AttemptLimiter } from '../../../src/auth/attempts/attempt-limiter.ts';
import { Ticket } from '../../../src/auth/methods/ticket.ts';
import { hashTicket } from '../../../src/auth/methods/ticket-hash.ts';
import { CookieJar } from '../../../src/auth/principals/cookie-jar.ts';
import { PrincipalAuthenticator } from '../../../src/auth/principals/principal-authenticator.ts';
import { PrincipalDirectory } from '../../../src/auth/principals/principal-directory.ts';
import type { PrincipalRecord } from '../../../src/auth/principals/principal-record.ts';
import type { LinkInfo } from '../../../src/link/link.ts';
import { AnonymousAuthenticator } from '../../../src/router/policy/anonymous-authenticator.ts';
import type { AuthStep } from '../../../src/router/policy/authenticator.ts';
import { AddressRanges } from '../../../src/transport/endpoint/address-ranges.ts';
import { asId } from '../../../src/wamp/ids.ts';
import { MessageType } from '../../../src/wamp/messages/message-type.ts';
import { asUri } from '../../../src/wamp/uri.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { testLinkInfo } from '../../support/list-link.ts';
import { until } from '../../support/until.ts';

const REMOTE: Partial<LinkInfo> = { transport: 'websocket', loopback: false, address: '10.0.0.9', peer: '10.0.0.9:1' };

const principal = (authid: string, more: Partial<PrincipalRecord> = {}): PrincipalRecord => ({
  ...{ authid, authrole: 'user', authprovider: 'static', credentials: [new Ticket(`${authid}-ticket`)] },
  ...more,
});

/** An authenticator with clock, cookies and directory, for the realm `home`. */
class LoginFixture {
  readonly clock = new FakeClock();
  readonly cookies = new CookieJar(this.clock);
  readonly directory: PrincipalDirectory;
  readonly #authenticator: PrincipalAuthenticator;

  constructor(records: readonly PrincipalRecord[], perAddress = 2) {
    this.directory = new PrincipalDirectory(['home', 'work'], records);
    this.#authenticator = new PrincipalAuthenticator({
      directory: this.directory,
      limiter: new AttemptLimiter(this.clock, { perAddress, perPrincipal: 1000 }),
      clock: this.clock,
      anonymous: new AnonymousAuthenticator({ who: 'none' }),
      cookies: this.cookies,
    });
  }

  async hello(details: Record<string, unknown>, link: Partial<LinkInfo> = {}, realm = 'home'): Promise<AuthStep> {
    return await this.#authenticator.begin({
      realm: asUri(realm),
      details,
      link: { ...testLinkInfo, ...link },
      session: asId(1),
    });
  }

  /** Sends HELLO with a name, and answers CHALLENGE with a ticket. */
  async login(authid: string, ticket: string, link: Partial<LinkInfo> = {}): Promise<AuthStep> {
    return answer(await this.hello({ authmethods: ['ticket'], authid }, link), ticket);
  }
}

async function answer(step: AuthStep, signature: string): Promise<AuthStep> {
  assert.ok('challenge' in step, `CHALLENGE expected, not ${JSON.stringify(step)}`);
  return await step.answer({ type: MessageType.Authenticate, signature, extra: {} });
}

function outcome(step: AuthStep): string {
  if ('welcome' in step) return `${step.welcome.authid} by ${step.welcome.authmethod}`;
  return 'abort' in step ? step.abort : step.challenge.method;
}

describe('principal authenticator', () => {
  it('gives the same answer to a wrong ticket, an unknown name and a wrong address', async () => {
    const addresses = new AddressRanges(['192.168.0.0/16']);
    const fixture = new LoginFixture([principal('joe'), principal('ann', { addresses })], 1000);
    const wrong = await fixture.login('joe', 'x', REMOTE);
    assert.equal(outcome(wrong), 'wamp.error.authentication_denied');
    assert.deepEqual(await fixture.login('nobody', 'x', REMOTE), wrong);
    assert.deepEqual(await fixture.login('ann', 'ann-ticket', REMOTE), wrong);
    assert.equal(
      outcome(await fixture.login('ann', 'ann-ticket', { ...REMOTE, address: '192.168.7.7' })),
      'ann by ticket',
    );
    assert.equal(outcome(await fixture.login('joe', 'joe-ticket', REMOTE)), 'joe by ticket');
  });

  it('computes a hash for an unknown name too', async () => {
    const fixture = new LoginFixture([principal('joe', { credentials: [new Ticket(await hashTicket('t'))] })]);
    const step = await fixture.hello({ authmethods: ['ticket'], authid: 'nobody' });
    assert.ok('challenge' in step);
    const judged = step.answer({ type: MessageType.Authenticate, signature: 't', extra: {} });
    // An immediate answer would show that the name has no hash.
    assert.ok(judged instanceof Promise);
    assert.equal(outcome(await judged), 'wamp.error.authentication_denied');
    assert.equal(outcome(await fixture.login('joe', 't')), 'joe by ticket');
  });

  it('computes a decoy for known names too, so the time until CHALLENGE is the same', async t => {
    const fixture = new LoginFixture([principal('joe')]);
    const decoy = t.mock.method(fixture.directory, 'decoy');
    await fixture.hello({ authmethods: ['ticket'], authid: 'nobody' });
    assert.equal(decoy.mock.callCount(), 1);
    await fixture.hello({ authmethods: ['ticket'], authid: 'joe' });
    assert.equal(decoy.mock.callCount(), 2);
  });

  it('delays an address after wrong answers, and finally rejects its answers', async () => {
    const fixture = new LoginFixture([principal('joe')]);
    await fixture.login('joe', 'x', REMOTE);
    await fixture.login('joe', 'x', REMOTE);
    const step = await fixture.hello({ authmethods: ['ticket'], authid: 'joe' }, REMOTE);
    assert.ok('challenge' in step);
    let judged: AuthStep | undefined;
    const right = { type: MessageType.Authenticate, signature: 'joe-ticket', extra: {} } as const;
    const waiting = Promise.resolve(step.answer(right)).then(settled => {
      judged = settled;
    });
    await new Promise(resolve => setImmediate(resolve));
    assert.equal(judged, undefined);
    fixture.clock.advance(500);
    await waiting;
    assert.equal(judged && outcome(judged), 'joe by ticket');
    const answers = Array.from({ length: 20 }, () => fixture.login('joe', 'joe-ticket', REMOTE));
    const refused = await Promise.race(answers.slice(15));
    assert.ok('abort' in refused);
    assert.match(refused.message, /too many wrong answers from this address/);
    // Clients at other addresses are not delayed.
    assert.equal(
      outcome(await fixture.login('joe', 'joe-ticket', { ...REMOTE, address: '10.0.0.8' })),
      'joe by ticket',
    );
  });

  it('checks no more wrong answers than the limit, even if they arrive at once', async t => {
    const fixture = new LoginFixture([principal('joe', { credentials: [new Ticket(await hashTicket('t'))] })], 2);
    const failed = t.mock.method(AttemptLimiter.prototype, 'failed');
    const steps = await Promise.all(
      Array.from({ length: 20 }, () => fixture.hello({ authmethods: ['ticket'], authid: 'joe' }, REMOTE)),
    );
    const refusals: string[] = [];
    for (const step of steps) {
      void answer(step, 'wrong').then(settled => refusals.push('abort' in settled ? (settled.message ?? '') : 'in'));
    }
    await until('the rejection of late answers', () => refusals.some(text => /too many wrong answers/.test(text)));
    assert.equal(failed.mock.callCount(), 2);
  });

  it('takes the name and ticket of the HTTP request that became the WebSocket', async () => {
    const fixture = new LoginFixture([principal('joe')], 1000);
    const via = (authorization: string): Partial<LinkInfo> => ({ ...REMOTE, headers: { authorization } });
    const basic = (text: string): Partial<LinkInfo> => via(`Basic ${Buffer.from(text).toString('base64')}`);
    assert.equal(outcome(await fixture.hello({}, basic('joe:joe-ticket'))), 'joe by ticket');
    assert.equal(outcome(await fixture.hello({ authid: 'joe' }, via('Bearer joe-ticket'))), 'joe by ticket');
    const wrong = [basic('joe:x'), basic('eve:joe-ticket'), basic('joe')];
    const denied = [
      'wamp.error.authentication_denied',
      'wamp.error.authentication_denied',
      'wamp.error.authentication_required',
    ];
    assert.deepEqual(await Promise.all(wrong.map(async link => outcome(await fixture.hello({}, link)))), denied);
    // Only if HELLO lists no method, or lists tickets.
    assert.equal(
      outcome(await fixture.hello({ authmethods: ['wampcra'], authid: 'joe' }, basic('joe:joe-ticket'))),
      'wamp.error.no_matching_auth_method',
    );
  });

  it('recognizes a browser on the realm where it has logged in, while its principal exists', async () => {
    const fixture = new LoginFixture([principal('joe')]);
    const { cookie } = fixture.cookies.cookieFor(undefined, false);
    const link = { ...REMOTE, cookie };
    assert.equal(outcome(await fixture.hello({ authmethods: ['cookie'] }, link)), 'wamp.error.authentication_denied');
    await fixture.login('joe', 'joe-ticket', link);
    const details = { authmethods: ['cookie'] };
    assert.equal(outcome(await fixture.hello(details, link)), 'joe by cookie');
    assert.equal(outcome(await fixture.hello(details, link, 'work')), 'wamp.error.authentication_denied');
    assert.equal(outcome(await fixture.hello({ ...details, authid: 'ann' }, link)), 'wamp.error.authentication_denied');
    assert.equal(outcome(await fixture.hello({ authmethods: ['cookie', 'ticket'], authid: 'ann' }, link)), 'ticket');
    fixture.directory.replace([]);
    assert.equal(outcome(await fixture.hello(details, link)), 'wamp.error.authentication_denied');
  });

  it('admits a client certificate by its fingerprint', async () => {
    const fingerprint = 'ab'.repeat(32);
    const fixture = new LoginFixture([principal('pump', { certificates: [{ fingerprint }] })]);
    const certificate = { fingerprint, subject: 'CN=x', trusted: false };
    const details = { authmethods: ['tls'] };
    assert.equal(outcome(await fixture.hello(details, { ...REMOTE, certificate })), 'pump by tls');
    assert.equal(
      outcome(await fixture.hello({ ...details, authid: 'joe' }, { ...REMOTE, certificate })),
      'wamp.error.authentication_denied',
    );
    assert.equal(outcome(await fixture.hello(details, REMOTE)), 'wamp.error.authentication_denied');
  });
});
