import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type PermissionRule, rulesFor } from '../../../src/auth/rules/rule.ts';
import { allowsAll } from '../../../src/auth/rules/rule-coverage.ts';
import { RuleSet } from '../../../src/auth/rules/rule-set.ts';
import { type Action, ALLOW } from '../../../src/router/policy/authorizer.ts';
import type { MatchPolicy } from '../../../src/wamp/uri.ts';

type Row = readonly [uri: string, match: MatchPolicy, ...allow: Action[]];

const rulesOf = (rows: readonly Row[]): PermissionRule[] =>
  rows.map(([uri, match, ...allow]) => ({ uri, match, allow: new Set(allow), decision: ALLOW }));

const may = (rows: readonly Row[], action: Action, uri: string, match: MatchPolicy = 'exact'): boolean =>
  new RuleSet(rulesOf(rows), 'loose').decide(action, uri, match, ALLOW).verdict === 'allow';

describe('rule set', () => {
  it('applies the most specific rule, and denies without a matching rule', () => {
    const rows: Row[] = [
      ['', 'prefix', 'call'],
      ['com.', 'prefix', 'call', 'publish'],
      ['com..open', 'wildcard', 'subscribe'],
      ['com.app.open', 'exact'],
      ['com.a', 'prefix', 'register'],
    ];
    assert.equal(may(rows, 'call', 'org.x'), true);
    assert.equal(may(rows, 'publish', 'org.x'), false);
    assert.equal(may(rows, 'publish', 'com.x'), true);
    assert.equal(
      may(rows, 'subscribe', 'com.x.open'),
      true,
      'a wildcard is more specific than a prefix as long as its head',
    );
    assert.equal(may(rows, 'publish', 'com.x.open'), false);
    assert.equal(may(rows, 'subscribe', 'com.ab.open'), false, 'a prefix that is longer than the head of a wildcard');
    assert.equal(may(rows, 'register', 'com.ab.open'), true);
    assert.equal(may(rows, 'call', 'com.app.open'), false);
    assert.equal(may([], 'call', 'com.app'), false);
  });

  it('allows a pattern only if every URI that it can match is allowed', () => {
    const rows: Row[] = [
      ['cts.open.', 'prefix', 'subscribe'],
      ['cts.open.secret', 'exact'],
    ];
    assert.equal(may(rows.slice(0, 1), 'subscribe', 'cts.open.', 'prefix'), true);
    assert.equal(may(rows.slice(0, 1), 'subscribe', 'cts.open.a', 'prefix'), true);
    assert.equal(may(rows.slice(0, 1), 'subscribe', 'cts.open', 'prefix'), false, 'cts.opened is one of them');
    assert.equal(may(rows.slice(0, 1), 'subscribe', 'cts.open.', 'wildcard'), true);
    assert.equal(may(rows.slice(0, 1), 'subscribe', 'cts..x', 'wildcard'), false);
    assert.equal(may(rows, 'subscribe', 'cts.open.', 'prefix'), false, 'a part of it is forbidden');
    assert.equal(may(rows, 'subscribe', 'cts.open.s', 'prefix'), false);
    assert.equal(may(rows, 'subscribe', 'cts.open.secret.', 'prefix'), true);
    assert.equal(may(rows, 'subscribe', 'cts.open.', 'wildcard'), false);
    assert.equal(may(rows, 'subscribe', 'cts.open..', 'wildcard'), true, 'the forbidden one is shorter');
  });

  it('combines several rules', () => {
    const strict = rulesOf([
      ...[...'0123456789abcdefghijklmnopqrstuvwxyz_'].map((one): Row => [`a.${one}`, 'prefix', 'subscribe']),
    ]);
    assert.equal(allowsAll(strict, 'subscribe', { uri: 'a.', match: 'prefix' }, 'strict'), true);
    assert.equal(allowsAll(strict.slice(1), 'subscribe', { uri: 'a.', match: 'prefix' }, 'strict'), false);
    assert.equal(allowsAll(strict, 'subscribe', { uri: 'a.', match: 'prefix' }, 'loose'), false, 'a.ä');
    const rows: Row[] = [
      ['a.', 'prefix', 'subscribe'],
      ['a', 'exact', 'subscribe'],
      ['a..x', 'wildcard', 'subscribe'],
      ['a.b', 'prefix', 'subscribe', 'call'],
    ];
    assert.equal(may(rows, 'subscribe', 'a.', 'prefix'), true);
    assert.equal(may(rows, 'call', 'a.', 'prefix'), false);
    assert.equal(may(rows, 'call', 'a.b', 'prefix'), true);
  });

  it('denies if the search takes too many steps', () => {
    const names = Array.from({ length: 14 }, (_, index) => `n${index}`);
    const rows = Array.from({ length: 16 }, (_, row): Row => {
      const parts = names.map((name, index) => (((row * 7919) >> index) % 2 === 0 ? '' : name));
      return [parts.join('.'), 'wildcard', 'subscribe'];
    });
    const all: Row[] = [['', 'prefix', 'subscribe'], ...rows];
    assert.equal(typeof may(all, 'subscribe', '.'.repeat(13), 'wildcard'), 'boolean');
  });

  it('confines a device to its own names', () => {
    const rules = rulesOf([
      ['dev.{authid}.', 'prefix', 'publish'],
      ['mqtt.{clientid}.x', 'exact', 'publish'],
      ['all', 'exact', 'publish'],
    ]);
    const uris = (subject: { authid: string; clientId?: string }): unknown =>
      rulesFor(rules, subject)?.map(({ uri }) => uri);
    assert.deepEqual(uris({ authid: 'pump', clientId: 'p1' }), ['dev.pump.', 'mqtt.p1.x', 'all']);
    assert.deepEqual(uris({ authid: 'pump' }), ['dev.pump.', 'all']);
    assert.deepEqual(uris({ authid: '$&' }), ['dev.$&.', 'all']);
    for (const authid of ['a.b', '', 'a b', 'a#']) assert.equal(uris({ authid }), undefined, authid);
  });
});
