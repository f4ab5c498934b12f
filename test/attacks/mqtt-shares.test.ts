import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { rawConnect, rawField, rawPacket, rawSubscribe } from '../bridges/mqtt/raw-packets.ts';
import { until } from '../support/until.ts';
import { GatewayFixture } from './gateway-fixture.ts';

const ATTACKER = '127.0.0.2';
const OTHER = '127.0.0.3';

describe('attacks on resources that all MQTT clients share', () => {
  let fixture: GatewayFixture;
  let sockets: Socket[];
  beforeEach(async () => {
    sockets = [];
    fixture = await GatewayFixture.start({
      realms: [{ name: 'home', anonymous: 'none' }],
      principals: [{ authid: 'admin', role: 'admin', ticket: 'admin-secret' }],
      bridges: {
        mqtt: {
          port: 0,
          anonymous: 'any',
          maxSessions: 30,
          retained: { maxTopics: 30, maxBytes: '64 KiB' },
          sysInterval: 0,
          maxStoredBytes: '128 KiB',
        },
        'cbor-tcp': { port: 0 },
      },
    });
  });
  afterEach(async () => {
    for (const socket of sockets) socket.destroy();
    await fixture[Symbol.asyncDispose]();
  });

  /** Connects with a kept session. Returns CONNACK as hexadecimal digits, and the socket. */
  async function keep(
    clientId: string,
    localAddress: string,
    more: Uint8Array = Buffer.alloc(0),
  ): Promise<[string, Socket]> {
    const socket = connect({ port: fixture.ports.mqtt, host: '127.0.0.1', localAddress });
    sockets.push(socket);
    socket.on('error', () => {});
    await once(socket, 'connect');
    socket.write(Buffer.concat([rawConnect({ clientId, clean: false }), more]));
    const [answer] = (await once(socket, 'data')) as [Buffer];
    return [answer.subarray(0, 4).toString('hex'), socket];
  }

  async function keepAndLeave(
    clientId: string,
    localAddress: string,
    more: Uint8Array = Buffer.alloc(0),
  ): Promise<string> {
    const [answer, socket] = await keep(clientId, localAddress, more);
    socket.end(rawPacket(0xe0));
    await once(socket, 'close');
    return answer;
  }

  it('an address that uses all kept sessions blocks no other address, and keeps its newest sessions', async () => {
    for (let n = 0; n < 60; n++) assert.equal(await keepAndLeave(`a${n}`, ATTACKER), '20020000', `session ${n}`);
    for (let n = 0; n < 10; n++) assert.equal(await keepAndLeave(`b${n}`, OTHER), '20020000');
    for (let n = 0; n < 30; n++) await keepAndLeave(`c${n}`, ATTACKER);
    for (let n = 0; n < 10; n++) assert.equal(await keepAndLeave(`b${n}`, OTHER), '20020100', `b${n} is still there`);
    assert.equal(await keepAndLeave('c29', ATTACKER), '20020100');
    assert.equal(await keepAndLeave('c0', ATTACKER), '20020000', 'the oldest session was not evicted');
  });

  it('an address whose kept sessions all have subscriptions and messages blocks no other address', async () => {
    for (let n = 0; n < 30; n++) {
      assert.equal(await keepAndLeave(`a${n}`, ATTACKER, rawSubscribe('fill', 1)), '20020000');
    }
    assert.equal(await keepAndLeave('a30', ATTACKER), '20020003', 'the address has no unused session to evict');
    const [, publisher] = await keep('b0', OTHER);
    const answered = once(publisher, 'data');
    publisher.write(publishPacket('fill', 'x', 1));
    await answered;
    for (let n = 1; n < 10; n++) assert.equal(await keepAndLeave(`b${n}`, OTHER), '20020000');
    assert.equal(await keepAndLeave('a29', ATTACKER), '20020100', 'a newest session was evicted');
    assert.ok(fixture.log.lines.some(({ fields }) => /was evicted/.test(String(fields['reason']))));
  });

  it('a connected session is never evicted for another client', async () => {
    for (let n = 0; n < 30; n++) await keep(`a${n}`, ATTACKER);
    assert.equal(await keepAndLeave('b0', OTHER), '20020003');
  });

  it('an address that fills all queues does not prevent messages for another address from being queued', async () => {
    for (let n = 0; n < 3; n++) {
      assert.equal(await keepAndLeave(`a${n}`, ATTACKER, rawSubscribe('fill/#', 1)), '20020000');
    }
    assert.equal(await keepAndLeave('b', OTHER, rawSubscribe('other', 1)), '20020000');
    const [, publisher] = await keep('p', ATTACKER);
    let answers = 0;
    publisher.on('data', (chunk: Buffer) => {
      answers += chunk.length / 4;
    });
    for (let n = 0; n < 200; n++) publisher.write(publishPacket(`fill/${n}`, 'x'.repeat(2000), n + 1));
    for (let n = 0; n < 5; n++) publisher.write(publishPacket('other', `for b ${n}`, 1000 + n));
    await until('all are acknowledged', () => answers === 205);
    const back = connect({ port: fixture.ports.mqtt, host: '127.0.0.1', localAddress: OTHER });
    sockets.push(back);
    let text = '';
    back.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
    });
    back.write(rawConnect({ clientId: 'b', clean: false }));
    await until('the queued messages', () => text.includes('for b 4'));
    assert.deepEqual(text.match(/for b \d/g), ['for b 0', 'for b 1', 'for b 2', 'for b 3', 'for b 4']);
  });

  it('limits of a role count unauthenticated clients by address, for any client ids', async () => {
    await using limited = await GatewayFixture.start({
      realms: [{ name: 'home', anonymous: 'none', roles: { anonymous: { limits: { sessions: 2 } } } }],
      principals: [],
      bridges: { mqtt: { port: 0, anonymous: 'any' }, 'cbor-tcp': { port: 0 } },
    });
    const code = async (clientId: string, localAddress: string): Promise<number | undefined> => {
      const socket = connect({ port: limited.ports.mqtt, host: '127.0.0.1', localAddress });
      sockets.push(socket);
      socket.on('error', () => {});
      socket.write(rawConnect({ clientId }));
      const [answer] = (await once(socket, 'data')) as [Buffer];
      return answer[3];
    };
    assert.deepEqual([await code('1', ATTACKER), await code('2', ATTACKER)], [0, 0]);
    assert.notEqual(await code('3', ATTACKER), 0);
    assert.equal(await code('4', OTHER), 0);
  });

  for (const [what, size] of [
    ['topics', 1],
    ['bytes', 3000],
  ] as const) {
    it(`an address that retains the maximum of ${what} blocks no other address, and keeps its newest topics`, async () => {
      const retain = async (name: string, localAddress: string, count: number): Promise<void> => {
        const [, socket] = await keep(name, localAddress);
        let answers = 0;
        socket.on('data', (chunk: Buffer) => {
          answers += chunk.length / 4;
        });
        for (let n = 0; n < count; n++) {
          socket.write(publishPacket(`${name}/${n}`, 'x'.repeat(size), n + 1, true));
        }
        await until('all are acknowledged', () => answers === count);
      };
      await retain('attacker', ATTACKER, 40);
      await retain('other', OTHER, 3);
      await retain('attacker2', ATTACKER, 40);
      const reader = await fixture.mqtt('admin');
      const found: string[] = [];
      reader.on('message', (topic, _, { retain: kept }) => kept && found.push(topic));
      await reader.subscribeAsync(['other/#', 'attacker/#', 'attacker2/#'], { qos: 1 });
      await reader.publishAsync('marker', '', { qos: 1 });
      assert.deepEqual(found.filter(topic => topic.startsWith('other/')).toSorted(), ['other/0', 'other/1', 'other/2']);
      assert.ok(found.some(topic => topic.startsWith('attacker')));
      assert.ok(!found.includes('attacker/0'), 'the oldest topic was not evicted');
      await reader.endAsync(true);
    });
  }
});

/** Returns a PUBLISH packet at QoS 1. */
function publishPacket(topic: string, payload: string, id: number, retain = false): Buffer {
  return rawPacket(retain ? 0x33 : 0x32, rawField(topic), Buffer.of(id >> 8, id & 0xff), Buffer.from(payload));
}
