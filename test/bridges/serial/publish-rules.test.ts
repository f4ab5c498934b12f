import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { portConfig } from '../../../bridges/serial/config/serial-config.ts';
import { PublishRules } from '../../../bridges/serial/publish-rules.ts';

function rules(...publish: unknown[]): PublishRules {
  return new PublishRules('g1', portConfig.parse({ id: 'g1', path: '/dev/x', publish }).publish, 'utf8');
}

describe('publish rules', () => {
  it('publishes the named values of a line as one event', () => {
    const climate = rules({ match: '^T=(?<temperature>[-\\d.]+) H=(?<humidity>[\\d.]+)$', topic: 'climate' });
    assert.deepEqual(climate.events('T=21.5 H=40'), [
      { topic: 'serial.g1.climate', args: [], kwargs: { temperature: 21.5, humidity: 40 } },
    ]);
    assert.equal(climate.events('T=21.5 H='), undefined);
  });

  it('publishes each named value as one event if the topic contains {name}', () => {
    const each = rules({ match: '^T=(?<t>\\d+) H=(?<h>\\d+)$', topic: '{name}' });
    assert.deepEqual(each.events('T=1 H=2'), [
      { topic: 'serial.g1.t', args: [1], kwargs: {} },
      { topic: 'serial.g1.h', args: [2], kwargs: {} },
    ]);
  });

  it('publishes to serial.{id} without a topic, or to the given uri', () => {
    assert.equal(rules({ match: 'x' }).events('x')?.[0]?.topic, 'serial.g1');
    assert.equal(rules({ match: 'x', topic: 'serial.g1.a' }).events('x')?.[0]?.topic, 'serial.g1.a');
    assert.equal(rules({ match: 'x', uri: 'farm.{id}.y' }).events('x')?.[0]?.topic, 'farm.g1.y');
  });

  it('uses the first matching rule', () => {
    const two = rules(
      { match: '^a', topic: 'first' },
      { match: '^ab', topic: 'second' },
      { match: '^b', topic: 'third' },
    );
    assert.deepEqual(
      two.events('ab')?.map(event => event.topic),
      ['serial.g1.first'],
    );
    assert.deepEqual(
      two.events('b')?.map(event => event.topic),
      ['serial.g1.third'],
    );
  });
});
