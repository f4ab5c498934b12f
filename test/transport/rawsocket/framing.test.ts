import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  FrameParser,
  FrameType,
  HEADER_BYTES,
  MAX_FRAME_BYTES,
  writeHeader,
} from '../../../src/transport/rawsocket/framing.ts';
import { ProtocolViolation } from '../../../src/wamp/errors.ts';
import { fc } from '../../support/fast-check.ts';

interface Frame {
  readonly type: FrameType;
  readonly payload: Uint8Array;
}

function bytesOf(frames: readonly Frame[]): Buffer {
  return Buffer.concat(
    frames.map(({ type, payload }) => {
      const bytes = Buffer.alloc(HEADER_BYTES + payload.length);
      writeHeader(bytes, 0, type, payload.length);
      bytes.set(payload, HEADER_BYTES);
      return bytes;
    }),
  );
}

/** The frames that a parser reads from chunks. */
function parse(chunks: readonly Uint8Array[], limit = MAX_FRAME_BYTES): Frame[] {
  const frames: Frame[] = [];
  const parser = new FrameParser(limit, (type, payload) => frames.push({ type, payload }));
  for (const chunk of chunks) parser.push(chunk);
  return frames.map(({ type, payload }) => ({ type, payload: Uint8Array.from(payload) }));
}

function header(first: number, length: number): Uint8Array {
  return Uint8Array.of(first, length >> 16, length >> 8, length);
}

const frameArbitrary = fc.record({
  type: fc.constantFrom(FrameType.Message, FrameType.Ping, FrameType.Pong),
  payload: fc.oneof(fc.uint8Array({ maxLength: 40 }), fc.uint8Array({ minLength: 900, maxLength: 5000 })),
});

describe('RawSocket framing [advanced/transport_rawsocket]', () => {
  it('reads the same frames for any division into chunks', () => {
    fc.assert(
      fc.property(
        fc.array(frameArbitrary, { maxLength: 8 }),
        fc.array(fc.nat({ max: 6000 }), { maxLength: 30 }),
        (frames, cuts) => {
          const bytes = bytesOf(frames);
          const chunks: Uint8Array[] = [];
          let at = 0;
          for (const cut of cuts) {
            chunks.push(bytes.subarray(at, at + cut));
            at += cut;
          }
          chunks.push(bytes.subarray(at));
          const expected = frames.map(({ type, payload }) => ({ type, payload: Uint8Array.from(payload) }));
          assert.deepEqual(parse(chunks), expected);
          assert.deepEqual(parse([bytes]), expected);
        },
      ),
      { numRuns: 200 },
    );
  });

  it('reads single bytes', () => {
    const frames = [
      { type: FrameType.Message, payload: Uint8Array.from({ length: 3000 }, (_, i) => i) },
      { type: FrameType.Ping, payload: new Uint8Array(0) },
      { type: FrameType.Message, payload: Uint8Array.of(1) },
    ];
    assert.deepEqual(parse([...bytesOf(frames)].map(byte => Uint8Array.of(byte))), frames);
  });

  it('does not change a frame after it was emitted', () => {
    const kept: Uint8Array[] = [];
    const parser = new FrameParser(MAX_FRAME_BYTES, (_type, payload) => kept.push(payload));
    const frames = Array.from({ length: 20 }, (_, i) => ({
      type: FrameType.Message,
      payload: new Uint8Array(1500).fill(i),
    }));
    const bytes = bytesOf(frames);
    for (let at = 0; at < bytes.length; at += 700) parser.push(Uint8Array.from(bytes.subarray(at, at + 700)));
    assert.deepEqual(
      kept.map(frame => [frame.length, frame[0], frame.at(-1)]),
      frames.map((_, i) => [1500, i, i]),
    );
  });

  it('writes 2^24 with the X bit, and 2^24-1 without', () => {
    const bytes = new Uint8Array(HEADER_BYTES);
    writeHeader(bytes, 0, FrameType.Message, MAX_FRAME_BYTES);
    assert.deepEqual([...bytes], [0x08, 0, 0, 0]);
    writeHeader(bytes, 0, FrameType.Pong, MAX_FRAME_BYTES - 1);
    assert.deepEqual([...bytes], [0x02, 0xff, 0xff, 0xff]);
  });

  it('reads a frame of exactly 2^24 bytes', () => {
    const payload = new Uint8Array(MAX_FRAME_BYTES).fill(7);
    const [frame] = parse([Uint8Array.of(0x08, 0, 0, 0), payload.subarray(0, 5), payload.subarray(5)]);
    assert.equal(frame?.payload.length, MAX_FRAME_BYTES);
    assert.equal(frame?.payload.at(-1), 7);
  });

  it('refuses the X bit with a length, reserved bits and reserved types', () => {
    for (const first of [0x08, 0x09]) {
      assert.throws(() => parse([header(first, 1)]), ProtocolViolation, `X with a length, 0x${first.toString(16)}`);
    }
    for (const first of [0x10, 0x20, 0x40, 0x80]) {
      assert.throws(() => parse([header(first, 0)]), ProtocolViolation, `reserved bit 0x${first.toString(16)}`);
    }
    for (const type of [3, 4, 5, 6, 7]) {
      assert.throws(() => parse([header(type, 0)]), ProtocolViolation, `type ${type}`);
    }
  });

  it('refuses a frame of any type over the announced limit at its header', () => {
    for (const type of [FrameType.Message, FrameType.Ping, FrameType.Pong]) {
      assert.throws(() => parse([header(type, 513)], 512), ProtocolViolation);
      assert.equal(parse([header(type, 512), new Uint8Array(512)], 512).length, 1);
    }
    assert.throws(() => parse([header(0x08, 0)], 2 ** 23), ProtocolViolation);
  });

  it('allocates little memory for a frame that has not arrived', () => {
    const parsers = Array.from({ length: 200 }, () => new FrameParser(MAX_FRAME_BYTES, () => {}));
    const before = process.memoryUsage().arrayBuffers;
    for (const parser of parsers) parser.push(header(0, MAX_FRAME_BYTES - 1));
    assert.ok(process.memoryUsage().arrayBuffers - before < 4 * 1024 * 1024);
  });

  it('emits nothing after it was stopped, also from the same chunk', () => {
    const seen: number[] = [];
    const parser = new FrameParser(512, (_type, payload) => {
      seen.push(payload.length);
      parser.stop();
    });
    parser.push(Buffer.concat([header(0, 1), [9], header(0, 2), [9, 9]].map(part => Uint8Array.from(part))));
    parser.push(header(0, 0));
    assert.deepEqual(seen, [1]);
  });
});
