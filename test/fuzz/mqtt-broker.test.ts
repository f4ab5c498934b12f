import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { describe, it } from 'node:test';
import { BrokerHarness, collect } from '../bridges/mqtt/broker-harness.ts';
import { rawConnect, rawPacket } from '../bridges/mqtt/raw-packets.ts';
import { fc } from '../support/fast-check.ts';
import { HeldStore } from '../support/held-store.ts';
import { RecordingLogger } from '../support/recording-logger.ts';
import { until } from '../support/until.ts';

const field = (text: string): Buffer => Buffer.concat([Buffer.of(0, Buffer.byteLength(text)), Buffer.from(text)]);
const id = fc.integer({ min: 0, max: 6 }).map(value => Buffer.of(0, value));
const qos = fc.integer({ min: 0, max: 2 });
const topic = fc.constantFrom('a', 'a/b', 'b', '', 'a/#', '$SYS/x', '$share/g/a', 'a\u0000');
const filter = fc.constantFrom('a', 'a/#', '+', '#', '$share/g/a', '$share/g/#', '$share//x', 'a#', '');

/** Packets of every kind, mostly in a valid order, with identifiers that are often equal. */
const packet = fc.oneof(
  fc
    .record({ topic, qos, id, retain: fc.boolean(), dup: fc.boolean(), payload: fc.string({ maxLength: 4 }) })
    .map(one =>
      rawPacket(
        0x30 | (one.dup ? 8 : 0) | (one.qos << 1) | (one.retain ? 1 : 0),
        field(one.topic),
        one.qos > 0 ? one.id : Buffer.alloc(0),
        Buffer.from(one.payload),
      ),
    ),
  fc.tuple(fc.constantFrom(0x40, 0x50, 0x62, 0x70), id).map(([first, value]) => rawPacket(first, value)),
  fc.tuple(id, filter, qos).map(([value, text, level]) => rawPacket(0x82, value, field(text), Buffer.of(level))),
  fc.tuple(id, filter).map(([value, text]) => rawPacket(0xa2, value, field(text))),
  fc.constantFrom(rawPacket(0xc0), rawPacket(0xe0), rawConnect()),
  fc.tuple(fc.nat(255), fc.uint8Array({ maxLength: 8 })).map(([first, body]) => rawPacket(first, body)),
);

/** One connection: its client id, its packets, and whether it then disconnects, breaks or stays. */
const visit = fc.record({
  clientId: fc.constantFrom('one', 'two', ''),
  clean: fc.boolean(),
  will: fc.constantFrom(undefined, { topic: 'a', payload: 'will' }),
  packets: fc.array(packet, { maxLength: 12 }),
  end: fc.constantFrom('end', 'destroy', 'stay'),
});

describe('the MQTT broker', () => {
  it('continues and logs no internal error, for any packets of its clients', async () => {
    const log = new RecordingLogger();
    const errors = () => log.lines.filter(({ level }) => level === 'error');
    const store = new HeldStore();
    await using harness = await BrokerHarness.start(
      { connectRate: { rate: 1e6, burst: 1_000_000 }, inflight: 3 },
      { store, log },
    );
    const staying: Socket[] = [];
    await fc.assert(
      fc.asyncProperty(fc.array(visit, { minLength: 1, maxLength: 4 }), async visits => {
        for (const { clientId, clean, will, packets, end } of visits) {
          const socket = await harness.socket();
          socket.resume();
          socket.write(Buffer.concat([rawConnect({ clientId, clean, ...(will && { will }) }), ...packets]));
          if (end === 'end') socket.end();
          else if (end === 'destroy') setImmediate(() => socket.destroy());
          else staying.push(socket);
        }
        for (const socket of staying.splice(0, Math.max(0, staying.length - 3))) socket.destroy();
        const healthy = await harness.client({ clientId: 'healthy' });
        const received = await collect(healthy, 'healthy', 2);
        await healthy.publishAsync('healthy', 'still here', { qos: 2 });
        await until('it hears itself', () => received.length === 1);
        await healthy.endAsync();
        assert.deepEqual([errors(), harness.failures], [[], []]);
      }),
      { numRuns: 150 },
    );
    // The next process can read the store that is left.
    await using after = await BrokerHarness.start({}, { store: store.snapshot(), log });
    await after.client();
    assert.deepEqual(errors(), []);
  });
});
