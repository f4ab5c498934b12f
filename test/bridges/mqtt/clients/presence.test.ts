import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Presence } from '../../../../bridges/mqtt/clients/presence.ts';
import type { MqttPeer } from '../../../../bridges/mqtt/source/mqtt-source.ts';
import { levelSpellings } from '../../../../bridges/mqtt/topics/level-spelling.ts';
import type { JoinedSession } from '../../../../src/client/api/session-api.ts';
import { FakeClock } from '../../../support/fake-clock.ts';

function fixture() {
  const published: string[] = [];
  const publish: JoinedSession['publish'] = (topic, given) => {
    const [state] = given?.args ?? [];
    const online = (state as { online: boolean } | undefined)?.online;
    published.push(`${topic} ${online ?? 'forgotten'}`);
    return Promise.resolve(undefined);
  };
  const session = { publish } as unknown as JoinedSession;
  const presence = new Presence(session, 'mqtt.', levelSpellings.loose, new FakeClock());
  const peer = (clientId: string): MqttPeer => ({
    ...{ clientId, username: undefined, address: '127.0.0.1:1', loopback: true, protocolVersion: 4 },
    disconnect() {},
  });
  return { presence, published, peer };
}

describe('Presence', () => {
  it('reports no takeover, in any order of the callbacks [MQTT-3.1.4-2]', () => {
    for (const order of ['old first', 'new first']) {
      const { presence, published, peer } = fixture();
      const [old, next] = [peer('a'), peer('a')];
      presence.coming(old);
      presence.connected(old);
      presence.coming(next);
      if (order === 'old first') presence.disconnected(old, 'gone');
      presence.connected(next);
      if (order === 'new first') presence.disconnected(old, 'gone');
      assert.deepEqual(published, ['mqtt.presence.a true'], order);
      presence.disconnected(next, 'gone');
      assert.deepEqual(published, ['mqtt.presence.a true', 'mqtt.presence.a false'], order);
    }
  });

  it('distinguishes a failed takeover from one that is not complete', () => {
    const failed = fixture();
    const [old, next] = [failed.peer('a'), failed.peer('a')];
    failed.presence.connected(old);
    failed.presence.coming(next);
    failed.presence.disconnected(old, 'gone');
    failed.presence.disconnected(next, 'gone');
    assert.deepEqual(failed.published, ['mqtt.presence.a true', 'mqtt.presence.a false']);

    const early = fixture();
    const [there, never] = [early.peer('a'), early.peer('a')];
    early.presence.connected(there);
    early.presence.coming(never);
    early.presence.disconnected(never, 'gone');
    assert.deepEqual(early.published, ['mqtt.presence.a true']);
    assert.equal(early.presence.client('a')?.peer, there);
  });

  it('clears the presence of the clients that have been disconnected for the longest time', () => {
    const { presence, published, peer } = fixture();
    for (let i = 0; i <= 1000; i++) {
      const client = peer(`c${i}`);
      presence.connected(client);
      presence.disconnected(client, 'gone');
    }
    assert.equal(published.at(-1), 'mqtt.presence.c0 forgotten');
    assert.equal(published.filter(text => text.endsWith('forgotten')).length, 1);
  });
});
