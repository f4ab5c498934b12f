import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { UriStyle } from '../../../../bridges/mqtt/topics/level-spelling.ts';
import { TopicMap } from '../../../../bridges/mqtt/topics/topic-map.ts';
import { isUri } from '../../../../src/wamp/uri.ts';
import { fc } from '../../../support/fast-check.ts';

const styles: readonly UriStyle[] = ['loose', 'strict'];

/** Random UTF-8 text, with the characters of topics and escapes more often than by chance. */
const topics = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        '/',
        '.',
        '#',
        '%',
        '_',
        '+',
        '$',
        ' ',
        '\t',
        '\n',
        '\0',
        '\u0085',
        '\u00a0',
        '\ufeff',
        '%2E',
        '_2e',
      ),
      fc.string({ unit: 'grapheme' }),
      fc.string({ unit: 'binary' }),
      fc.constantFrom('a', 'wamp', 'é', '😀', '41', 'ff', 'presence', 'presence/', '%70resence', '_70resence'),
    ),
    { maxLength: 12 },
  )
  .map(parts => parts.join(''));

describe('TopicMap', () => {
  for (const style of styles) {
    const map = new TopicMap('mqtt.', style);

    it(`gives every topic a ${style} URI, and the topic back`, () => {
      fc.assert(
        fc.property(topics, topic => {
          const uri = map.toUri(topic);
          assert.ok(uri.startsWith('mqtt.'));
          assert.ok(isUri(uri, style), `${JSON.stringify(uri)} is no ${style} URI`);
          assert.equal(map.toTopic(uri), topic);
          assert.ok(!uri.startsWith('mqtt.presence.') && uri !== 'mqtt.presence', 'that place is the gateway’s own');
        }),
        { numRuns: 2000 },
      );
    });

    it(`gives a ${style} URI a topic only if that topic gives the URI back`, () => {
      const pieces = fc.constantFrom(
        '.',
        '%',
        '_',
        '%2E',
        '_2e',
        '%2e',
        '%41',
        '_41',
        '%FF',
        '_ff',
        'a',
        'B',
        'presence',
        'presence.',
        '%70resence',
        '_70resence',
        '/',
        ' ',
        '#',
      );
      fc.assert(
        fc.property(fc.array(pieces, { maxLength: 8 }), parts => {
          const uri = `mqtt.${parts.join('')}`;
          const topic = map.toTopic(uri);
          if (topic !== undefined) assert.equal(map.toUri(topic), uri);
        }),
        { numRuns: 2000 },
      );
    });
  }

  it('keeps ordinary topics readable', () => {
    const map = new TopicMap('mqtt.', 'loose');
    assert.equal(map.toUri('greenhouse/climate/temperature'), 'mqtt.greenhouse.climate.temperature');
    assert.equal(map.toUri('Haus/Küche'), 'mqtt.Haus.Küche');
    assert.equal(map.toUri('v1.2/a b/100%'), 'mqtt.v1%2E2.a%20b.100%25');
    assert.equal(map.toUri('/a//b/'), 'mqtt.%.a.%.b.%');
    assert.equal(map.toUri('wamp/session/on_join'), 'mqtt.wamp.session.on_join');
  });

  it('uses only [0-9a-z_] if URIs are strict', () => {
    const map = new TopicMap('mqtt.', 'strict');
    assert.equal(map.toUri('greenhouse/climate'), 'mqtt.greenhouse.climate');
    assert.equal(map.toUri('tele/Sonoff_1/SENSOR'), 'mqtt.tele._53onoff_5f1._53_45_4e_53_4f_52');
    assert.equal(map.toUri('/ü'), 'mqtt._._c3_bc');
  });

  it('gives no topic to URIs that no topic maps to', () => {
    const map = new TopicMap('mqtt.', 'loose');
    for (const uri of [
      'mqtt.',
      'mqtt',
      'com.example.a',
      'mqtt.a..b',
      'mqtt.%41',
      'mqtt.%2e',
      'mqtt.%FF',
      'mqtt.a%',
      'mqtt.a/b',
    ]) {
      assert.equal(map.toTopic(uri), undefined, uri);
    }
  });

  it('escapes presence as the first level only', () => {
    const loose = new TopicMap('mqtt.', 'loose');
    const strict = new TopicMap('mqtt.', 'strict');
    const rows = [
      ['presence/phone7', 'mqtt.%70resence.phone7', 'mqtt._70resence.phone7'],
      ['presence', 'mqtt.%70resence', 'mqtt._70resence'],
      ['presence/', 'mqtt.%70resence.%', 'mqtt._70resence._'],
      ['home/presence', 'mqtt.home.presence', 'mqtt.home.presence'],
      ['presences/a', 'mqtt.presences.a', 'mqtt.presences.a'],
      ['/presence', 'mqtt.%.presence', 'mqtt._.presence'],
      ['%70resence/a', 'mqtt.%2570resence.a', 'mqtt._2570resence.a'],
    ] as const;
    for (const [topic, uri, strictUri] of rows) {
      assert.deepEqual([loose.toUri(topic), strict.toUri(topic)], [uri, strictUri]);
      assert.deepEqual([loose.toTopic(uri), strict.toTopic(strictUri)], [topic, topic]);
    }
    for (const uri of ['mqtt.presence', 'mqtt.presence.a', 'mqtt.presence.']) {
      assert.deepEqual([loose.toTopic(uri), strict.toTopic(uri)], [undefined, undefined]);
    }
  });
});
