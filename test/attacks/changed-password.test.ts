import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import type { MqttClient } from 'mqtt';
import type { PrincipalInput } from '../../src/gateway/config/principal-schema.ts';
import { PrincipalsDocument } from '../../src/gateway/principals/principals-document.ts';
import { BareLogin } from '../support/bare-login.ts';
import { wireOf } from '../support/bare-peer.ts';
import { Folder } from '../support/folder.ts';
import { until } from '../support/until.ts';
import { Browser } from './browser-peer.ts';
import { GatewayFixture } from './gateway-fixture.ts';

const BY_TICKET = { authid: 'admin', authmethods: ['ticket'] };
const BY_COOKIE = { authmethods: ['cookie'] };

/** Starts a gateway with a principals file, and returns functions that change the file. */
async function site(folder: Folder) {
  const file = folder.file('principals.yaml');
  const names = ['admin', 'pump', 'lamp'];
  const entries = names.map(name => `  - { authid: ${name}, role: admin, ticket: ${name}-secret }\n`);
  writeFileSync(file, `version: 1\nprincipals:\n${entries.join('')}`, { mode: 0o600 });
  const fixture = await GatewayFixture.start({ principals: file });
  const change = (authid: string, changes: Partial<PrincipalInput>): Promise<void> =>
    PrincipalsDocument.update(file, {}, document => document.change(authid, changes));
  const remove = (authid: string): Promise<void> =>
    PrincipalsDocument.update(file, {}, document => document.remove(authid));
  const readAgain = (times: number) =>
    until('the reload of the file', () => countOf(fixture, 'principals reloaded') === times);
  return { fixture, change, remove, readAgain };
}

function countOf({ log }: GatewayFixture, text: string): number {
  return log.lines.filter(line => JSON.stringify(line).includes(text)).length;
}

function ended(client: MqttClient): Promise<void> {
  return new Promise(resolve => {
    client.once('close', () => resolve());
  });
}

describe('a change of principals', () => {
  it('ends every session and cookie that the old password opened, on every transport, if the password changed', async () => {
    using folder = new Folder();
    const { fixture, change } = await site(folder);
    await using _ = fixture;
    const { web } = fixture.ports;
    const [url, origin] = [`ws://127.0.0.1:${web}/ws`, `http://127.0.0.1:${web}`];
    using browser = await Browser.open(url, { Origin: origin });
    assert.equal((await browser.hello('home', BY_TICKET))[0], 4);
    assert.equal((await browser.request(5, 'admin-secret', {}))[0], 2);
    const cookie = browser.cookie ?? assert.fail('no cookie');
    using known = await Browser.open(url, { Origin: origin, Cookie: cookie });
    assert.equal((await known.hello('home', BY_COOKIE))[0], 2);
    const device = await fixture.device('pump');
    const client = await fixture.mqtt('pump');
    const other = await fixture.join('lamp');
    const gone = [device.closed, ended(client), browser.closed, known.closed];

    await change('admin', { ticket: 'new-secret' });
    await change('pump', { ticket: 'newer-secret' });
    await Promise.all(gone);

    using thief = await Browser.open(url, { Origin: origin, Cookie: cookie });
    assert.deepEqual((await thief.hello('home', BY_COOKIE)).slice(2), ['wamp.error.authentication_denied']);
    await assert.rejects(fixture.mqtt('pump'));
    const back = await fixture.mqtt('pump', { password: 'newer-secret' });
    await back.endAsync();
    await other.publish('test.still.here', { acknowledge: true });
    await other.leave();
  });

  it('rejects answers to earlier challenges on every listener if the password changed or the principal was removed', async () => {
    using folder = new Folder();
    const { fixture, change, remove, readAgain } = await site(folder);
    await using _ = fixture;
    const { web, rawSocket, device } = fixture.ports;
    const entrances = [
      { ports: { web, rawSocket }, wire: wireOf('websocket', 'json') },
      { ports: { web, rawSocket }, wire: wireOf('rawsocket', 'msgpack') },
      { ports: { web, rawSocket: device }, wire: wireOf('rawsocket', 'cbor') },
    ];
    const logins: BareLogin[] = [];
    for (const { ports, wire } of entrances) {
      for (const authid of ['admin', 'lamp']) {
        const login = await BareLogin.hello(ports, wire, { authid, authmethods: ['ticket'] }, 'home');
        await login.challenge('ticket');
        logins.push(login);
      }
    }

    await change('admin', { ticket: 'new-secret' });
    await readAgain(1);
    await remove('lamp');
    await readAgain(2);

    for (const [index, login] of logins.entries()) {
      login.answer([index % 2 === 0 ? 'admin-secret' : 'lamp-secret', {}]);
      assert.equal(await login.refused(), 'wamp.error.authentication_denied', `login ${index}`);
    }
  });

  it('ends no session and no cookie if it concerns other settings or another principal', async () => {
    using folder = new Folder();
    const { fixture, change, readAgain } = await site(folder);
    await using _ = fixture;
    const [session, client] = [await fixture.join('admin'), await fixture.mqtt('pump')];
    const { web } = fixture.ports;
    const [url, origin] = [`ws://127.0.0.1:${web}/ws`, `http://127.0.0.1:${web}`];
    using browser = await Browser.open(url, { Origin: origin });
    assert.equal((await browser.hello('home', BY_TICKET))[0], 4);
    assert.equal((await browser.request(5, 'admin-secret', {}))[0], 2);
    await change('lamp', { ticket: 'another' });
    await readAgain(1);
    await change('pump', { limits: { sessions: 5 } });
    await readAgain(2);
    await session.publish('test.still.here', { acknowledge: true });
    await client.publishAsync('still/here', '1', { qos: 1 });
    using again = await Browser.open(url, { Origin: origin, Cookie: browser.cookie ?? '' });
    assert.equal((await again.hello('home', BY_COOKIE))[0], 2);
    await session.leave();
    await client.endAsync();
  });

  it('disconnects an MQTT client if its principal may no longer use its client id', async () => {
    using folder = new Folder();
    const { fixture, change } = await site(folder);
    await using _ = fixture;
    const client = await fixture.mqtt('pump', { clientId: 'pump-2' });
    const gone = ended(client);
    await change('pump', { clientIds: ['pump-1'] });
    await gone;
  });
});
