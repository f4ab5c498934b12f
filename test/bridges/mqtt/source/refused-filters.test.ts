import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RefusedFilters } from '../../../../bridges/mqtt/source/refused-filters.ts';

describe('RefusedFilters', () => {
  const cases = [
    [
      'secret/#',
      ['secret', 'secret/#', 'secret/x', 'secret/+/y', '#', '+', '+/x', '+/#', '+/+/z'],
      ['other', 'other/#', 'secrets/x', '/secret', '$SYS/#'],
    ],
    [
      'a/+/c',
      ['a/b/c', 'a/#', '#', '+/+/+', 'a/b/#', 'a/b/+', 'a/b/c/#', 'a//c'],
      ['a/b', 'a/c', '+/+', 'a/b/c/d', 'a/b/d/#', 'b/#'],
    ],
    ['a', ['a', '+', '#', 'a/#', '+/#'], ['a/b', 'b', '/a', 'a/+', '+/+']],
    [
      '$SYS/broker/#',
      ['$SYS/#', '$SYS/broker', '$SYS/+/x', '$SYS/broker/uptime'],
      ['#', '+/broker/x', '+/#', '$SYS/other'],
    ],
    ['#', ['#', 'a', '+/b', '/'], ['$SYS/#', '$own/x']],
    ['a/', ['a/', 'a/+', 'a/#'], ['a', 'a/b', 'a//']],
  ] as const;

  it('refuses filters that share a topic with one of them, and no others', () => {
    for (const [refused, overlapping, others] of cases) {
      const filters = new RefusedFilters(['$never', refused]);
      for (const filter of overlapping) assert.equal(filters.refuses(filter), true, `${refused} and ${filter}`);
      for (const filter of others) assert.equal(filters.refuses(filter), false, `${refused} and ${filter}`);
    }
  });

  it('agrees with the definition on all filters of up to three levels', () => {
    const levels = ['', 'a', '$b', '+'];
    const topicLevels = ['', 'a', '$b', 'c'];
    const filters = withRest(upTo(3, levels));
    const topics = upTo(4, topicLevels);
    for (const one of filters) {
      const refused = new RefusedFilters([one]);
      for (const other of filters) {
        const common = topics.some(topic => matches(one, topic) && matches(other, topic));
        assert.equal(refused.refuses(other), common, `${one} and ${other}`);
      }
    }
  });

  it('refuses nothing if the configuration names none', () => {
    assert.equal(new RefusedFilters([]).refuses('#'), false);
  });
});

function upTo(depth: number, levels: readonly string[]): string[] {
  let texts = [...levels];
  const all = [...texts];
  for (let n = 1; n < depth; n++) {
    texts = texts.flatMap(text => levels.map(level => `${text}/${level}`));
    all.push(...texts);
  }
  return all;
}

function withRest(filters: readonly string[]): string[] {
  return [
    '#',
    ...filters.filter(text => text !== ''),
    ...filters.filter(text => text.split('/').length < 3).map(text => `${text}/#`),
  ];
}

/** [MQTT-4.7] as a regular expression. */
function matches(filter: string, topic: string): boolean {
  if (topic.startsWith('$') && /^[+#]/.test(filter)) return false;
  const source = filter.replace(/[$]/g, '\\$').replaceAll('+', '[^/]*').replace(/^#$/, '.*').replace(/\/#$/, '(/.*)?');
  return new RegExp(`^${source}$`).test(topic);
}
