import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { TopicPattern } from '../../../../bridges/mqtt/calls/topic-pattern.ts';

describe('TopicPattern', () => {
  it('matches topics and filters, and fills in the captures', () => {
    const pattern = new TopicPattern('rpc/{clientid}/req/{method}/{n}');
    const names = { clientid: 'lamp', method: 'led.set', n: '7' };
    assert.deepEqual(pattern.match('rpc/lamp/req/led.set/7'), names);
    assert.equal(pattern.fill(names), 'rpc/lamp/req/led.set/7');
    assert.equal(pattern.head, 'rpc/');
    for (const topic of ['rpc/lamp/req/led/set/7', 'rpc/lamp/req//7', 'rpc/+/req/a/7', 'xrpc/lamp/req/a/7']) {
      assert.equal(pattern.match(topic), undefined, topic);
    }
    const filter = new TopicPattern('rpc/{clientid}/req/#');
    assert.deepEqual(filter.match('rpc/lamp/req/#'), { clientid: 'lamp' });
    assert.equal(filter.match('rpc/+/req/#'), undefined);
    assert.deepEqual(new TopicPattern('a/{levels}').match('a/b/c'), { levels: 'b/c' });
  });

  it('handles a hostile topic of 64 KiB', () => {
    const pattern = new TopicPattern('a/{levels}x{levels}x{levels}y');
    assert.equal(pattern.match(`a/${'x'.repeat(65_000)}`), undefined);
  });
});
