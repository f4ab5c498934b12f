import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HeldStore } from '../../../support/held-store.ts';
import { until } from '../../../support/until.ts';
import { BrokerHarness } from '../broker-harness.ts';
import { RawClient } from '../raw-client.ts';
import { rawConnect, rawField, rawPacket, rawSubscribe } from '../raw-packets.ts';

const DISCONNECT = rawPacket(0xe0);
const publish = (qos: number, id: number): Buffer =>
  rawPacket(0x30 | (qos << 1), rawField('t'), ...(qos > 0 ? [Buffer.of(0, id)] : []), Buffer.from('x'));

/** The packets that follow CONNECT in one write, and the types of the answers. */
const cases: Record<string, { readonly packets: readonly Buffer[]; readonly answers: readonly number[] }> = {
  'PUBLISH at QoS 0': { packets: [publish(0, 0)], answers: [2] },
  'PUBLISH at QoS 1': { packets: [publish(1, 1)], answers: [2, 4] },
  'PUBLISH at QoS 2': { packets: [publish(2, 1)], answers: [2, 5] },
  'PUBLISH at QoS 2 and PUBREL': { packets: [publish(2, 1), rawPacket(0x62, Buffer.of(0, 1))], answers: [2, 5, 7] },
  'a hundred of them': {
    packets: Array.from({ length: 100 }, (_, n) => publish(1, n + 1)),
    answers: [2, ...Array.from({ length: 100 }, () => 4)],
  },
  'SUBSCRIBE, UNSUBSCRIBE and PINGREQ': {
    packets: [rawSubscribe('s', 1), rawPacket(0xa2, Buffer.of(0, 2), rawField('s')), rawPacket(0xc0)],
    answers: [2, 9, 11, 13],
  },
  nothing: { packets: [], answers: [2] },
};

describe('A client that sends all packets in one write', () => {
  for (const durable of [false, true]) {
    for (const ending of ['DISCONNECT', 'the end of its side', 'DISCONNECT and the end of its side']) {
      for (const [name, { packets, answers }] of Object.entries(cases)) {
        it(`receives all answers: ${name}, ${ending}, ${durable ? 'with' : 'without'} a store`, async () => {
          const store = new HeldStore();
          store.delay = () => new Promise(resolve => setTimeout(resolve, 3));
          await using harness = await BrokerHarness.start({ sysInterval: 0 }, durable ? { store } : {});
          harness.accept = async () => {
            await new Promise(resolve => setTimeout(resolve, 5));
          };
          const client = await RawClient.connect(harness.broker.port, 'silent');
          const said = [rawConnect({ clientId: 'c', clean: false }), ...packets];
          if (ending.includes('DISCONNECT')) said.push(DISCONNECT);
          client.socket.write(Buffer.concat(said));
          if (ending.includes('its side')) client.socket.end();
          await until('the connection to be closed', () => client.socket.readableEnded || client.socket.destroyed);
          const sorted = (types: readonly number[]): number[] => [...types].sort((a, b) => a - b);
          assert.deepEqual(sorted(client.received.map(({ type }) => type)), sorted(answers));
          assert.equal(client.received[0]?.type, 2);
          const published = packets.filter(packet => (packet[0] ?? 0) >> 4 === 3).length;
          assert.equal(harness.messages.length, published);
          client.socket.destroy();
          await until('it is gone', () => harness.gone.length === 1);
        });
      }
    }
  }

  it('has its will published after its messages if it only ends its side', async () => {
    await using harness = await BrokerHarness.start({ sysInterval: 0 });
    harness.accept = async () => {
      await new Promise(resolve => setTimeout(resolve, 5));
    };
    const client = await RawClient.connect(harness.broker.port, 'silent');
    const hello = rawConnect({ clientId: 'c', will: { topic: 'will', payload: 'lost' } });
    client.socket.end(Buffer.concat([hello, publish(1, 1)]));
    await until('it is gone', () => harness.gone.length === 1);
    assert.deepEqual(
      harness.messages.map(({ topic }) => topic),
      ['t', 'will'],
    );
    assert.deepEqual(
      client.received.map(({ type }) => type),
      [2, 4],
    );
    client.socket.destroy();
  });

  it('is closed at once if it cannot receive any more', async () => {
    await using harness = await BrokerHarness.start({ sysInterval: 0 });
    harness.accept = () => new Promise(() => {});
    const client = await RawClient.connect(harness.broker.port, { clientId: 'c' });
    client.socket.write(publish(1, 1));
    await until('it has come', () => harness.messages.length === 1);
    client.socket.resetAndDestroy();
    const again = await RawClient.connect(harness.broker.port, { clientId: 'c' });
    assert.deepEqual(again.received[0]?.body, Buffer.of(0, 0));
    again.socket.destroy();
  });
});
