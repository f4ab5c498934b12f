import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type ClientPacket, MalformedPacket, PacketType } from '../../../../../bridges/mqtt/broker/packets/packet.ts';
import { publish } from '../../../../../bridges/mqtt/broker/packets/packet-encoder.ts';
import { PacketReader } from '../../../../../bridges/mqtt/broker/packets/packet-reader.ts';
import { isCleanText } from '../../../../../bridges/mqtt/source/mqtt-text.ts';
import { fc } from '../../../../support/fast-check.ts';
import { rawConnect, rawPacket } from '../../raw-packets.ts';

/** The packets of bytes that are received in chunks cut at these places. */
function read(bytes: Buffer, cuts: readonly number[], limit = 100_000): ClientPacket[] {
  const reader = new PacketReader(limit);
  const packets: ClientPacket[] = [];
  let from = 0;
  for (const cut of [...cuts.map(cut => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]) {
    reader.push(bytes.subarray(from, cut));
    for (let packet = reader.next(); packet !== undefined; packet = reader.next()) packets.push(packet);
    from = cut;
  }
  return packets;
}

const qos = fc.constantFrom(0 as const, 1 as const, 2 as const);
const message = fc.record({
  topic: fc.string({ minLength: 1, maxLength: 20 }).filter(isCleanText),
  payload: fc.uint8Array({ maxLength: 300 }),
  qos,
  retain: fc.boolean(),
  id: fc.integer({ min: 1, max: 0xffff }),
});

describe('PacketReader', () => {
  it('reads the packets of the encoder, in any chunks', () => {
    fc.assert(
      fc.property(fc.array(message, { maxLength: 6 }), fc.array(fc.nat(), { maxLength: 12 }), (messages, cuts) => {
        const packets = messages.map(({ topic, payload, ...flags }) =>
          publish(topic, payload, { ...flags, dup: flags.qos > 0 }),
        );
        const [connect, ...read_] = read(Buffer.concat([rawConnect(), ...packets]), cuts);
        assert.equal(connect?.type, PacketType.Connect);
        const expected = messages.map(({ topic, payload, qos, retain, id }) => {
          const facts = { topic, payload: Buffer.from(payload), qos, retain, dup: qos > 0, id: qos > 0 ? id : 0 };
          return { type: PacketType.Publish, ...facts };
        });
        assert.deepEqual(read_, expected);
      }),
    );
  });

  it('rejects an invalid topic each time that it is received, short or long', () => {
    for (const bad of [Buffer.from('a/\u0000'), Buffer.from('a/\u0085'), Buffer.from([0x61, 0xff])]) {
      for (const length of [0, 100]) {
        const topic = Buffer.concat([Buffer.alloc(length, 'x'), bad]);
        const packet = rawPacket(0x30, Buffer.concat([Buffer.from([0, topic.length]), topic]));
        for (let time = 0; time < 3; time++) {
          assert.throws(() => read(Buffer.concat([rawConnect(), packet]), []), MalformedPacket);
        }
      }
    }
  });

  it('returns packets or throws MalformedPacket for any bytes', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 60 }),
      fc
        .tuple(fc.nat(255), fc.uint8Array({ maxLength: 40 }))
        .map(([first, body]) => Buffer.concat([rawConnect(), rawPacket(first, body)])),
    );
    fc.assert(
      fc.property(bytes, fc.array(fc.nat(), { maxLength: 5 }), (stream, cuts) => {
        try {
          read(Buffer.from(stream), cuts);
        } catch (error) {
          assert.ok(error instanceof MalformedPacket, String(error));
        }
      }),
      { numRuns: 500 },
    );
  });

  it('packet size limit: rejects a packet above the limit before its body is received, in any chunks [MQTT-2.2.3]', () => {
    const body = Buffer.alloc(400);
    for (const cut of [0, 1, 2, 14]) {
      const bytes = Buffer.concat([rawConnect(), rawPacket(0x30, body).subarray(0, 3)]);
      assert.throws(() => read(bytes, [cut], 300), /packet is larger than 300 bytes/);
    }
    assert.throws(() => read(Buffer.of(0x10, 0xff, 0xff, 0xff, 0x7f), [], 300), /larger than 300 bytes/);
  });

  it('rejects a stream that does not begin with CONNECT [MQTT-3.1.0-1]', () => {
    assert.throws(() => read(Buffer.from('GET / HTTP/1.1'), []), /the first packet must be CONNECT/);
    assert.throws(() => read(Buffer.of(0x30, 0), []), /the first packet must be CONNECT/);
  });

  it('rejects a remaining length of more than four bytes [MQTT-2.2.3]', () => {
    assert.throws(() => read(Buffer.of(0x10, 0x80, 0x80, 0x80, 0x80), [], 2 ** 28), /more than four bytes/);
  });

  it('accepts flags that MQTT 3.1 leaves unused and 3.1.1 forbids [MQTT-2.2.2-2]', () => {
    const old = rawPacket(0x14, Buffer.from('\0\u0006MQIsdp\u0003\u0001\0\u000a\0\u0001p'));
    assert.equal(read(Buffer.concat([old, rawPacket(0x6a, Buffer.of(0, 1))]), []).length, 2);
    const fresh = rawConnect();
    assert.throws(() => read(Buffer.concat([fresh, rawPacket(0x6a, Buffer.of(0, 1))]), []), MalformedPacket);
    fresh[0] = 0x14;
    assert.throws(() => read(fresh, []), MalformedPacket);
  });
});
