import assert from 'node:assert/strict';
import { hostname } from 'node:os';
import { describe, it } from 'node:test';
import { defaultOriginCheck, hostCheck, type OriginRequest, originCheck } from '../../../src/transport/guard/origin.ts';

const check = (origin: string | undefined, host: string | undefined, loopback = false): boolean =>
  defaultOriginCheck({ origin, host, loopback });

/** Requests from this machine, and from other machines. */
const places = [true, false];

describe('Origin of a request', () => {
  it('accepts programs, which have none, under any name', () => {
    for (const loopback of places) assert.equal(check(undefined, 'gateway.example:8080', loopback), true);
  });

  it('accepts pages of this gateway under an address, localhost and the names of this machine, from any machine', () => {
    const own = hostname().toLowerCase();
    for (const host of [
      ...['192.168.1.5:8080', '127.0.0.1:8080', '[::1]:8080', '[2001:db8::5]', '10.0.0.1', 'localhost:8080'],
      ...[
        own,
        `${own}:8080`,
        `${own}.local:8080`,
        `${own}.lan`,
        `${own.toUpperCase()}.LOCAL:8080`,
        `${own}.local.:8080`,
      ],
    ]) {
      for (const loopback of places) {
        assert.equal(check(`http://${host}`, host, loopback), true, host);
        assert.equal(check(`https://${host}`, host, loopback), true, host);
      }
    }
  });

  it('accepts pages of this machine only from this machine', () => {
    for (const origin of ['http://localhost:5173', 'http://127.0.0.1', 'http://[::1]:8080', 'http://app.localhost']) {
      assert.equal(check(origin, '127.0.0.1:8080', true), true, origin);
      assert.equal(check(origin, '192.168.1.5:8080', false), false, origin);
    }
  });

  it('refuses pages of other sites', () => {
    for (const origin of [
      'http://evil.example',
      'http://localhost.evil.example',
      'http://127.0.0.1.evil.example',
      'http://192.168.1.5:81',
      'https://192.168.1.5.evil.example:8080',
      'http://192.168.1.5:8080@evil.example',
      'null',
      'file://',
      'nonsense',
      '',
    ]) {
      for (const loopback of places) assert.equal(check(origin, '192.168.1.5:8080', loopback), false, origin);
    }
  });

  it('refuses a foreign name that points to this gateway, from any machine', () => {
    const own = hostname().toLowerCase();
    for (const name of [
      ...['evil.example', 'gateway.lan', 'localhost.evil.example', '127.0.0.1.nip.io', 'xn--lcalhost-d0a'],
      ...[`${own}.evil.example`, `evil-${own}.local`, `${own}.local.evil.example`, 'evil', 'local'],
    ]) {
      for (const loopback of places) {
        assert.equal(check(`http://${name}:8080`, `${name}:8080`, loopback), false, name);
        assert.equal(check(`https://${name}`, name, loopback), false, name);
      }
    }
  });

  it('accepts the listed origins, and their names as names of this gateway', () => {
    const listed = originCheck(['https://home.example', 'http://gw.lan:8080'], new Set(['gateway']));
    const asked = (origin: string, host: string): boolean => listed({ origin, host, loopback: false });
    assert.equal(asked('https://home.example', '127.0.0.1:8080'), true);
    assert.equal(asked('http://gw.lan:8080', 'gw.lan:8080'), true);
    assert.equal(asked('http://gw.lan', 'gw.lan'), true);
    assert.equal(asked('http://gateway', 'gateway'), true);
    assert.equal(asked('http://home.example', '127.0.0.1:8080'), false);
    assert.equal(asked('https://sub.home.example', 'sub.home.example'), false);
  });

  it('refuses a page without TLS if the client uses TLS, and accepts a name in the certificate', () => {
    const asked = (origin: string, more: Partial<OriginRequest>): boolean =>
      defaultOriginCheck({
        origin,
        host: 'gw.example',
        loopback: false,
        certifies: name => name === 'gw.example',
        ...more,
      });
    assert.equal(asked('https://gw.example', { secure: true }), true);
    assert.equal(asked('http://gw.example', { secure: true }), false);
    assert.equal(asked('https://gw.example', { secure: true, certifies: () => false }), false);
  });
});

describe('Host of a request', () => {
  it('is an address, localhost, a listed name, or a name in the certificate', () => {
    const isOwn = hostCheck({ origins: ['https://home.example:8443'], names: new Set(['gateway', 'gateway.local']) });
    for (const host of [
      undefined,
      '192.168.1.5',
      '[::1]:8080',
      'localhost',
      'LOCALHOST:1',
      'gateway',
      'gateway.local.:8080',
      'home.example',
    ]) {
      assert.equal(isOwn(host), true, host);
    }
    for (const host of [
      'evil.example',
      'gateway.evil.example',
      'home.example.evil.example',
      '',
      ':8080',
      'a b',
      'localhost@evil.example',
      'localhost/.evil.example',
      'evil.example#localhost',
      '1.2.3.4.evil.example',
    ]) {
      assert.equal(isOwn(host), false, host);
    }
    assert.equal(
      isOwn('gw.example:443', name => name === 'gw.example'),
      true,
    );
  });
});
