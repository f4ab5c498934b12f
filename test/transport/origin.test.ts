import assert from 'node:assert/strict';
import { hostname } from 'node:os';
import { describe, it } from 'node:test';
import { defaultOriginCheck } from '../../src/transport/origin.ts';

const check = (origin: string | undefined, host: string | undefined, loopback = false): boolean =>
  defaultOriginCheck({ origin, host, loopback });

describe('Origin of a WebSocket', () => {
  it('lets in programs, pages of this gateway and pages of this machine', () => {
    assert.equal(check(undefined, 'gateway.lan:8080'), true);
    assert.equal(check('http://gateway.lan:8080', 'gateway.lan:8080'), true);
    assert.equal(check('https://gateway.lan', 'gateway.lan'), true);
    assert.equal(check('http://192.168.1.5:8080', '192.168.1.5:8080', true), true);
    for (const origin of ['http://localhost:5173', 'http://127.0.0.1', 'http://[::1]:8080', 'http://app.localhost']) {
      assert.equal(check(origin, '127.0.0.1:8080', true), true, origin);
    }
    assert.equal(check(`http://${hostname()}.local:8080`, `${hostname()}.local:8080`, true), true);
  });

  it('keeps out pages from elsewhere', () => {
    for (const origin of [
      'http://evil.example',
      'http://localhost.evil.example',
      'http://127.0.0.1.evil.example',
      'http://gateway.lan:81',
      'https://gateway.lan.evil.example:8080',
      'null',
      'file://',
      'nonsense',
      '',
    ]) {
      assert.equal(check(origin, 'gateway.lan:8080'), false, origin);
    }
  });

  it('keeps out a name from elsewhere that was made to point to this machine', () => {
    assert.equal(check('http://evil.example:8080', 'evil.example:8080', true), false);
  });
});
