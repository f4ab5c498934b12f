import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isReserved, isUri } from '../../src/wamp/uri.ts';

describe('isUri [basic/building_blocks]', () => {
  it('loose: components without whitespace, # and dots, and no empty component', () => {
    for (const good of ['a', 'com.myapp.topic1', 'com.My-App.Größe/1', '1.2', 'a$b'])
      assert.ok(isUri(good, 'loose'), good);
    for (const bad of ['', '.', 'a.', '.a', 'a..b', 'a b', 'a.\tb', 'a#', 'a\n', 'a\u00a0b']) {
      assert.ok(!isUri(bad, 'loose'), JSON.stringify(bad));
    }
  });

  it('no URI begins with U+0000, which is binary in JSON [advanced/serialization_binary_json]', () => {
    for (const match of ['exact', 'prefix', 'wildcard'] as const) assert.ok(!isUri('\0a.b', 'loose', match), match);
    assert.ok(isUri('a.\0b', 'loose'));
  });

  it('strict: lower-case letters, digits and _', () => {
    for (const good of ['a', 'com.my_app.topic1', '1.2', '_']) assert.ok(isUri(good, 'strict'), good);
    for (const bad of ['', 'A', 'com.App', 'a-b', 'a..b', 'ä', 'a\n']) assert.ok(!isUri(bad, 'strict'), bad);
  });

  it('wildcards may have empty components', () => {
    for (const good of ['', '.', '..', 'a..b', '.a', 'a.', 'a.b']) {
      assert.ok(isUri(good, 'loose', 'wildcard') && isUri(good, 'strict', 'wildcard'), good);
    }
    for (const bad of ['a. .b', '#', 'a..#']) assert.ok(!isUri(bad, 'loose', 'wildcard'), bad);
    assert.ok(!isUri('a..B', 'strict', 'wildcard'));
  });

  it('a prefix may be any beginning of a URI', () => {
    for (const good of ['', 'a', 'a.', 'a.b', 'com.app.emerg']) {
      assert.ok(isUri(good, 'loose', 'prefix') && isUri(good, 'strict', 'prefix'), good);
    }
    for (const bad of ['.', 'a..', 'a..b', '.a', 'a b']) assert.ok(!isUri(bad, 'loose', 'prefix'), bad);
  });
});

describe('isReserved [basic/building_blocks]', () => {
  it('matches URIs whose first component is wamp', () => {
    for (const reserved of ['wamp', 'wamp.session.on_join', 'wamp.']) assert.ok(isReserved(reserved), reserved);
    for (const free of ['wamp2', 'wampway.device', 'com.wamp', '', 'wam', 'Wamp.x']) assert.ok(!isReserved(free), free);
  });
});
