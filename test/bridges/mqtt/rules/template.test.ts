import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Template } from '../../../../bridges/mqtt/rules/template.ts';
import { levelSpellings } from '../../../../bridges/mqtt/topics/level-spelling.ts';
import { isUri } from '../../../../src/wamp/uri.ts';
import { fc } from '../../../support/fast-check.ts';

const mqtt = Template.mqtt;
const wamp = (text: string): Template => Template.wamp(text, levelSpellings.loose);

describe('Template', () => {
  it('matches literal text, level by level', () => {
    const template = mqtt('tele/kitchen/SENSOR');
    assert.deepEqual(template.match('tele/kitchen/SENSOR'), {});
    for (const topic of ['tele/kitchen', 'tele/kitchen/SENSOR/x', 'tele/kitchen/sensor', '/tele/kitchen/SENSOR']) {
      assert.equal(template.match(topic), undefined, topic);
    }
  });

  it('captures levels, and parts of levels, by name', () => {
    assert.deepEqual(mqtt('tele/{device}/SENSOR').match('tele/kitchen/SENSOR'), { device: 'kitchen' });
    assert.deepEqual(mqtt('{a}/x-{b}-{c}').match('1/x-2-3-4'), { a: '1', b: '2-3', c: '4' });
    assert.equal(mqtt('x-{b}').match('x-'), undefined);
    assert.deepEqual(mqtt('a/{b}').match('a/'), { b: '' });
  });

  it('captures + by its position, and # as the rest, possibly empty [MQTT-4.7.1-2]', () => {
    assert.deepEqual(mqtt('a/+/+').match('a/b/c'), { '+1': 'b', '+2': 'c' });
    assert.deepEqual(mqtt('a/#').match('a/b/c'), { '#': 'b/c' });
    assert.deepEqual(mqtt('a/#').match('a/'), { '#': '' });
    assert.deepEqual(mqtt('a/#').match('a'), {});
    assert.equal(mqtt('a/#').match('ab'), undefined);
    assert.deepEqual(mqtt('#').match('a/b'), { '#': 'a/b' });
  });

  it('matches topics that begin with $ only if the template names them [MQTT-4.7.2-1]', () => {
    for (const text of ['#', '+/x', '{a}/x', '+/#']) assert.equal(mqtt(text).match('$SYS/x'), undefined, text);
    assert.deepEqual(mqtt('$SYS/{what}').match('$SYS/x'), { what: 'x' });
    assert.deepEqual(mqtt('$SYS/#').match('$SYS/x/y'), { '#': 'x/y' });
  });

  it('spells levels as components of a URI, and reads them back', () => {
    const captures = mqtt('tele/{device}/#').match('tele/living room.1/a b/c') ?? assert.fail();
    const uri = wamp('dev.{device}.tele.#').fill(captures);
    assert.equal(uri, 'dev.living%20room%2E1.tele.a%20b.c');
    assert.deepEqual(wamp('dev.{device}.tele.#').match(uri), captures);
    assert.equal(mqtt('tele/{device}/#').fill(captures), 'tele/living room.1/a b/c');
  });

  it('refuses a component that it would spell differently', () => {
    for (const uri of ['dev.%41', 'dev.%2F', 'dev.%', 'dev.a%2e']) {
      const found = wamp('dev.{x}').match(uri);
      assert.deepEqual(found, uri === 'dev.%' ? { x: '' } : undefined, uri);
    }
  });

  it('fills the captures to the same topic, for any topic', () => {
    const level = fc.oneof(fc.constantFrom('', 'a', '.', '%', '$x', ' ', 'tele'), fc.string({ unit: 'grapheme' }));
    const topics = fc.array(level, { minLength: 1, maxLength: 5 }).map(levels => levels.join('/'));
    const templates: readonly (readonly [string, string])[] = [
      ['{a}/{b}', 'dev.{a}.{b}'],
      ['+/x/#', 'dev.+.#'],
      ['{a}-{b}/#', 'dev.{b}.{a}.#'],
      ['tele/#', 'dev.#'],
    ];
    fc.assert(
      fc.property(topics, fc.constantFrom(...templates), (topic, [from, to]) => {
        const captures = mqtt(from).match(topic);
        if (captures === undefined) return;
        assert.equal(mqtt(from).fill(captures), topic);
        const uri = wamp(to).fill(captures);
        assert.ok(isUri(uri, 'loose'), uri);
        assert.deepEqual(wamp(to).match(uri), captures);
      }),
      { numRuns: 2000 },
    );
  });

  it('computes the patterns to subscribe [advanced/pubsub_pattern_based_subscription]', () => {
    const cases: readonly (readonly [string, readonly string[]])[] = [
      ['dev.kitchen', ['exact dev.kitchen']],
      ['dev.{id}.set', ['wildcard dev..set']],
      ['dev.x-{id}.set', ['wildcard dev..set']],
      ['dev.a.#', ['exact dev.a', 'prefix dev.a.']],
      ['dev.{id}.cmd.#', ['prefix dev.']],
    ];
    for (const [text, expected] of cases) {
      const asked = wamp(text).subscriptions.map(({ topic, match }) => `${match} ${topic}`);
      assert.deepEqual(asked, expected, text);
    }
  });

  it('refuses invalid templates', () => {
    const cases: readonly (readonly [string, RegExp])[] = [
      ['', /must not be empty/],
      ['a/#/b', /# stands for all further levels/],
      ['a#', /# stands for all/],
      ['a/b+', /\+ stands for a whole level/],
      ['{a}/{a}', /\{a\} occurs twice/],
      ['{a}{b}', /must be separated by text/],
      ['{a', /unbalanced brace/],
      ['{1}', /is not a valid name/],
      ['a\0', /character that is not allowed in MQTT topics/],
      ['a'.repeat(2000), /must not be longer than 1024/],
    ];
    for (const [text, message] of cases) assert.throws(() => mqtt(text), { name: 'TemplateError', message }, text);
    assert.throws(() => wamp('a..b'), /a component is empty/);
    assert.throws(() => wamp('a b'), /not allowed in URIs/);
    assert.throws(() => Template.wamp('dev.Kitchen', levelSpellings.strict), /not allowed in URIs/);
  });

  it('captures like a greedy regular expression, in linear time', () => {
    const literal = fc.constantFrom('a', 'b', '-', 'ab', 'aa', 'a-');
    const level = fc.array(fc.constantFrom('a', 'b', '-', 'ab', 'a-'), { maxLength: 12 }).map(parts => parts.join(''));
    const edge = fc.oneof(fc.constant(''), literal);
    fc.assert(
      fc.property(edge, fc.array(literal, { maxLength: 3 }), edge, level, (head, inner, tail, text) => {
        const literals = [head, ...inner, tail];
        const whole = literals.every(one => one === '');
        const names = literals.slice(1).map((_, i) => `n${i}`);
        const source = literals.map((one, i) => one + (i < names.length ? `{n${i}}` : '')).join('');
        const expected = new RegExp(`^${literals.join(whole ? '(.*)' : '(.+)')}$`, 's').exec(text);
        const captures = expected && Object.fromEntries(names.map((name, i) => [name, expected[i + 1]]));
        assert.deepEqual(mqtt(source).match(text), captures ?? undefined);
      }),
      { numRuns: 3000 },
    );
    assert.equal(mqtt('{a}-{b}-{c}-{d}x').match('-'.repeat(65_000)), undefined);
  });
});
