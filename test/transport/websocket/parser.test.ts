import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Opcode } from '../../../src/transport/websocket/framing.ts';
import { unmask } from '../../../src/transport/websocket/mask.ts';
import { WebSocketFailure, WebSocketParser } from '../../../src/transport/websocket/parser.ts';
import { fc } from '../../support/fast-check.ts';

const LIMIT = 100_000;

interface FrameParts {
  readonly opcode: number;
  readonly payload: Uint8Array;
  readonly fin?: boolean;
  readonly reserved?: number;
  readonly mask?: readonly number[];
  readonly masked?: boolean;
}

/** A frame as specified, masked by default. [RFC6455-5.2] */
function frame({
  opcode,
  payload,
  fin = true,
  reserved = 0,
  mask = [0x37, 0xfa, 0x21, 0x3d],
  masked = true,
}: FrameParts) {
  const { length } = payload;
  const bit = masked ? 0x80 : 0;
  const head = Buffer.alloc(length < 126 ? 2 : length < 0x1_0000 ? 4 : 10);
  head[0] = (fin ? 0x80 : 0) | reserved | opcode;
  head[1] = bit | Math.min(length, length < 126 ? length : head.length === 4 ? 126 : 127);
  if (head.length === 4) head.writeUInt16BE(length, 2);
  if (head.length === 10) head.writeBigUInt64BE(BigInt(length), 2);
  if (!masked) return Buffer.concat([head, payload]);
  return Buffer.concat([head, Buffer.from(mask), Buffer.from(payload.map((byte, i) => byte ^ (mask[i % 4] ?? 0)))]);
}

const text = (words: string | Uint8Array, parts: Partial<FrameParts> = {}): Buffer =>
  frame({ opcode: Opcode.Text, payload: Buffer.from(words), ...parts });
const more = (words: string | Uint8Array, parts: Partial<FrameParts> = {}): Buffer =>
  text(words, { opcode: Opcode.Continuation, ...parts });

/** The output of a parser for copies of the chunks: `text:…`, `binary:…`, `9:…`, and the code with which it fails. */
function read(chunks: readonly Uint8Array[], masked = true): (string | number)[] {
  const found: (string | number)[] = [];
  const kept: Uint8Array[] = [];
  const parser = new WebSocketParser({
    limit: LIMIT,
    masked,
    message: (payload, isBinary) => {
      kept.push(payload);
      found.push(`${isBinary ? 'binary' : 'text'}:`);
    },
    control: (opcode, payload) => {
      kept.push(payload);
      found.push(`${opcode}:`);
    },
  });
  let code: number | undefined;
  try {
    for (const chunk of chunks) parser.push(Buffer.from(chunk));
  } catch (error) {
    assert.ok(error instanceof WebSocketFailure, String(error));
    code = error.code;
  }
  // Read at the end, to check that later input does not overwrite earlier messages.
  const shown = found.map((kind, i) => kind + Buffer.from(kept[i] ?? []).toString('latin1'));
  return code === undefined ? shown : [...shown, code];
}

function bytewise(bytes: Uint8Array): Uint8Array[] {
  return [...bytes].map(byte => Uint8Array.of(byte));
}

/** Expects the same output for every division into chunks. */
function expectOf(bytes: Uint8Array, expected: readonly (string | number)[], masked = true): void {
  assert.deepEqual(read([bytes], masked), expected, 'in one piece');
  if (bytes.length < 3000) assert.deepEqual(read(bytewise(bytes), masked), expected, 'byte by byte');
}

const latin1 = (words: string): string => Buffer.from(words).toString('latin1');

describe('WebSocket parser [RFC6455-5]', () => {
  it('reads messages of every length, text and binary', () => {
    for (const size of [0, 1, 3, 31, 32, 33, 125, 126, 127, 128, 65_535, 65_536, LIMIT]) {
      expectOf(text('*'.repeat(size)), [`text:${'*'.repeat(size)}`]);
      const payload = Uint8Array.from({ length: size }, (_, i) => i & 0xff);
      expectOf(frame({ opcode: Opcode.Binary, payload }), [`binary:${Buffer.from(payload).toString('latin1')}`]);
    }
  });

  it('reads control frames of at most 125 bytes [RFC6455-5.5]', () => {
    for (const size of [0, 1, 125]) {
      const payload = Buffer.alloc(size, 0xfe);
      expectOf(frame({ opcode: Opcode.Ping, payload }), [`9:${payload.toString('latin1')}`]);
      expectOf(frame({ opcode: Opcode.Pong, payload }), [`10:${payload.toString('latin1')}`]);
    }
    for (const opcode of [Opcode.Ping, Opcode.Pong, Opcode.Close]) {
      expectOf(frame({ opcode, payload: Buffer.alloc(126) }), [1002]);
      expectOf(frame({ opcode, payload: Buffer.from('x'), fin: false }), [1002]);
    }
  });

  it('fails on reserved bits and opcodes, after the messages before them [RFC6455-5.2]', () => {
    for (const reserved of [0x10, 0x20, 0x40, 0x70]) {
      expectOf(Buffer.concat([text('one'), text('two', { reserved })]), ['text:one', 1002]);
      expectOf(frame({ opcode: Opcode.Ping, payload: Buffer.of(), reserved }), [1002]);
    }
    for (const opcode of [3, 4, 5, 6, 7, 11, 12, 13, 14, 15]) {
      expectOf(Buffer.concat([text('one'), frame({ opcode, payload: Buffer.of() })]), ['text:one', 1002]);
    }
  });

  it('requires masked frames of a client, and unmasked ones of a server [RFC6455-5.1]', () => {
    expectOf(text('x', { masked: false }), [1002]);
    expectOf(text('x'), [1002], false);
    expectOf(text('héllo', { masked: false }), [`text:${latin1('héllo')}`], false);
    expectOf(
      Buffer.concat([text('a', { masked: false, fin: false }), more('b', { masked: false })]),
      ['text:ab'],
      false,
    );
  });

  it('reads a message in several frames, with control frames in between [RFC6455-5.4]', () => {
    const ping = frame({ opcode: Opcode.Ping, payload: Buffer.from('ping') });
    expectOf(Buffer.concat([text('frag', { fin: false }), more('ment')]), ['text:fragment']);
    expectOf(Buffer.concat([text('', { fin: false }), more('', { fin: false }), more('')]), ['text:']);
    const parts = [text('a', { fin: false }), ping, more('b', { fin: false, mask: [1, 2, 3, 4] }), ping, more('c')];
    expectOf(Buffer.concat([...parts, text('d')]), ['9:ping', '9:ping', 'text:abc', 'text:d']);
    const pieces = Array.from({ length: 50 }, (_, i) => more('x'.repeat(i), { fin: i === 49, mask: [i, 0, i, 255] }));
    expectOf(Buffer.concat([text('', { fin: false }), ...pieces]), [`text:${'x'.repeat(1225)}`]);
  });

  it('fails on a continuation without a message, and on a message within another [RFC6455-5.4]', () => {
    expectOf(more('x'), [1002]);
    expectOf(more('x', { fin: false }), [1002]);
    expectOf(Buffer.concat([text('a', { fin: false }), text('b')]), [1002]);
    expectOf(Buffer.concat([text('a', { fin: false }), more('b'), more('c')]), ['text:ab', 1002]);
    expectOf(Buffer.concat([text('a', { fin: false }), frame({ opcode: 2, payload: Buffer.of() })]), [1002]);
  });

  it('requires UTF-8 text, also if a frame ends within a character [RFC6455-8.1]', () => {
    const good = ['κόσμε', 'Hello-µ@ßöäüàá-UTF-8!!', '\u0000', '\u{10ffff}', '\ud7ff', '\ue000', '\ufffd', '﻿'];
    for (const words of good) {
      expectOf(text(words), [`text:${latin1(words)}`]);
      const bytes = Buffer.from(`${'.'.repeat(40)}${words}`);
      const frames = bytewise(bytes).map((byte, i) => (i === 0 ? text : more)(byte, { fin: i === bytes.length - 1 }));
      expectOf(Buffer.concat(frames), [`text:${bytes.toString('latin1')}`]);
    }
    const bad = [
      '80',
      'bf',
      'c080',
      'c1bf',
      'c2',
      'e080af',
      'e0bf',
      'eda080',
      'edbfbf',
      'f08080af',
      'f48fbf',
      'f4908080',
    ];
    for (const hex of [...bad, 'f8888080', 'fe', 'ff', 'cebae1bdb9cf83cebcceb5eda080656469746564']) {
      const bytes = Buffer.from(hex, 'hex');
      expectOf(text(bytes), [1007]);
      expectOf(text(Buffer.concat([Buffer.alloc(64, 'x'), bytes])), [1007]);
      expectOf(Buffer.concat([text('x', { fin: false }), more(bytes)]), [1007]);
      expectOf(Buffer.concat([text(bytes, { fin: false }), more('x')]), [1007]);
      expectOf(frame({ opcode: Opcode.Binary, payload: bytes }), [`binary:${bytes.toString('latin1')}`]);
    }
  });

  it('fails on a message over the limit before it has arrived, in one frame or in several', () => {
    const head = frame({ opcode: Opcode.Binary, payload: Buffer.alloc(LIMIT + 1) }).subarray(0, 14);
    expectOf(head, [1009]);
    const first = text('x'.repeat(LIMIT - 1), { fin: false });
    assert.deepEqual(read([Buffer.concat([first, more('xx')])]), [1009]);
    assert.deepEqual(read([Buffer.concat([first, more('x')])]), [`text:${'x'.repeat(LIMIT)}`]);
    const endless = Buffer.of(0x82, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0);
    expectOf(endless, [1009]);
  });

  it('reads any messages, in any frames, in any chunks', () => {
    const part = fc.record({ payload: fc.uint8Array({ maxLength: 300 }), mask: fc.tuple(...bytes(4)) });
    const message = fc.record({
      isText: fc.boolean(),
      parts: fc.array(part, { minLength: 1, maxLength: 5 }),
      ping: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(message, { maxLength: 8 }), fc.array(fc.nat(400)), (messages, cuts) => {
        const expected: string[] = [];
        const frames = messages.flatMap(({ isText, parts, ping }) => {
          // Text is ASCII here. Invalid UTF-8 has its own test.
          const payloads = parts.map(({ payload }) => (isText ? payload.map(byte => byte & 0x7f) : payload));
          if (ping) expected.push('9:');
          expected.push(`${isText ? 'text' : 'binary'}:${Buffer.concat(payloads).toString('latin1')}`);
          const made = parts.map(({ mask }, i) => {
            const opcode = i > 0 ? Opcode.Continuation : isText ? Opcode.Text : Opcode.Binary;
            return frame({ opcode, payload: payloads[i] ?? Buffer.of(), fin: i === parts.length - 1, mask });
          });
          const between = ping ? [frame({ opcode: Opcode.Ping, payload: Buffer.of() })] : [];
          return parts.length === 1 ? [...between, ...made] : [...made.slice(0, -1), ...between, ...made.slice(-1)];
        });
        const all = Buffer.concat(frames);
        const chunks: Uint8Array[] = [];
        let at = 0;
        for (const cut of cuts) {
          chunks.push(all.subarray(at, at + cut));
          at = Math.min(all.length, at + cut);
        }
        chunks.push(all.subarray(at));
        assert.deepEqual(read(chunks), expected);
      }),
    );
  });

  it('gives the same result for any bytes in any chunks', () => {
    const input = fc.array(fc.oneof(fc.uint8Array({ maxLength: 40 }), fc.constant(text('x')), fc.constant(more('y'))));
    fc.assert(
      fc.property(input, pieces => {
        const all = Buffer.concat(pieces);
        assert.deepEqual(read(bytewise(all)), read([all]));
      }),
    );
  });
});

function bytes(count: number): fc.Arbitrary<number>[] {
  return Array.from({ length: count }, () => fc.nat(255));
}

describe('unmasking [RFC6455-5.3]', () => {
  it('works at any offset and length, changes no byte around it, and detects ASCII', () => {
    const place = fc.record({
      offset: fc.nat(9),
      start: fc.nat(9),
      mask: fc.uint8Array({ minLength: 4, maxLength: 4 }),
    });
    const payload = fc.oneof(fc.uint8Array({ maxLength: 200 }), fc.uint8Array({ max: 127, maxLength: 200 }));
    fc.assert(
      fc.property(place, payload, ({ offset, start, mask }, plain) => {
        const around = new Uint8Array(offset + start + plain.length + 7).fill(0xa5);
        const view = new Uint8Array(around.buffer, offset);
        const masked = plain.map((byte, i) => byte ^ (mask[i % 4] ?? 0));
        view.set(masked, start);
        const ascii = unmask(view, start, start + plain.length, mask, 0);
        assert.equal(
          ascii,
          plain.every(byte => byte < 0x80),
        );
        const expected = new Uint8Array(around.length).fill(0xa5);
        expected.set(plain, offset + start);
        assert.deepEqual(around, expected);
      }),
      { numRuns: 500 },
    );
  });
});
