import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FilterMap } from '../../../../bridges/mqtt/topics/filter-map.ts';
import { levelSpellings } from '../../../../bridges/mqtt/topics/level-spelling.ts';

describe('FilterMap', () => {
  it('gives patterns for all topics that a filter matches [MQTT-4.7.1]', () => {
    const filters = new FilterMap('mqtt.', levelSpellings.loose);
    const asked = (filter: string): string[] => filters.patternsOf(filter).map(({ uri, match }) => `${match} ${uri}`);
    assert.deepEqual(asked('a/b'), ['exact mqtt.a.b']);
    assert.deepEqual(asked('a.b/c d'), ['exact mqtt.a%2Eb.c%20d']);
    assert.deepEqual(asked('a/+/c'), ['wildcard mqtt.a..c']);
    assert.deepEqual(asked('presence/#'), ['prefix mqtt.%70resence.', 'exact mqtt.%70resence']);
    assert.deepEqual(asked('presence/+'), ['wildcard mqtt.%70resence.']);
    assert.deepEqual(asked('+'), ['wildcard mqtt.']);
    assert.deepEqual(asked('#'), ['prefix mqtt.']);
    assert.deepEqual(asked('a/#'), ['prefix mqtt.a.', 'exact mqtt.a']);
    assert.deepEqual(asked('a/+/c/#'), ['prefix mqtt.a.']);
    assert.deepEqual(asked('+/#'), ['prefix mqtt.']);
    assert.deepEqual(asked('$SYS/broker'), []);
  });
});
