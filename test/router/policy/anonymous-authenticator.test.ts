import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AnonymousAuthenticator } from '../../../src/router/policy/anonymous-authenticator.ts';
import type { Dict } from '../../../src/wamp/dict.ts';
import { asId } from '../../../src/wamp/ids.ts';
import { asUri } from '../../../src/wamp/uri.ts';
import { testLinkInfo } from '../../support/list-link.ts';

function ask(who: 'loopback' | 'any' | 'none', loopback: boolean, details: Dict = {}) {
  const link = { ...testLinkInfo, loopback, peer: '192.168.1.20:51234' };
  return new AnonymousAuthenticator({ who }).begin({ realm: asUri('realm1'), details, link, session: asId(1) });
}

describe('AnonymousAuthenticator', () => {
  it('admits clients on this machine as anonymous, each with its own authid', () => {
    const [one, two] = [ask('loopback', true), ask('loopback', true)];
    assert.ok('welcome' in one && 'welcome' in two);
    assert.equal(one.welcome.authrole, 'anonymous');
    assert.equal(one.welcome.authmethod, 'anonymous');
    assert.match(one.welcome.authid, /^[0-9a-f]{24}$/);
    assert.notEqual(one.welcome.authid, two.welcome.authid);
  });

  it('refuses other machines, with the reason in the text', () => {
    assert.deepEqual(ask('loopback', false), {
      abort: 'wamp.error.authentication_required',
      message:
        'anonymous access is allowed from this machine only (realms[].anonymous); the address of this peer is 192.168.1.20:51234',
    });
  });

  it('admits other machines if configured, and no client if configured', () => {
    assert.ok('welcome' in ask('any', false));
    assert.ok('abort' in ask('none', true));
  });

  it('refuses a client that offers only other methods', () => {
    assert.ok('welcome' in ask('any', true, { authmethods: ['ticket', 'anonymous'] }));
    assert.ok('welcome' in ask('any', true, { authmethods: [] }));
    const step = ask('any', true, { authmethods: ['ticket'] });
    assert.ok('abort' in step);
    assert.equal(step.abort, 'wamp.error.no_matching_auth_method');
  });
});
