import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { systemClock } from '../../src/base/clock.ts';
import { codecs } from '../../src/codec/codecs.ts';
import { defaultLimits } from '../../src/transport/endpoint/limits.ts';
import type { Listening } from '../../src/transport/endpoint/listening.ts';
import { listenWeb } from '../../src/transport/web-server.ts';
import { MessageType } from '../../src/wamp/messages/message-type.ts';
import { RawPeer } from '../support/raw-peer.ts';
import { RecordingLogger } from '../support/recording-logger.ts';
import { RecordingReceiver } from '../support/recording-receiver.ts';
import { until } from '../support/until.ts';

// The valid and invalid frames of a client, octet by octet. Numbers in titles are the sections of the Autobahn test suite
// with the same cases. test/interop runs that suite if it is installed.

const LIMIT = 100_000;

const Op = { Continuation: 0, Text: 1, Binary: 2, Close: 8, Ping: 9, Pong: 10 };

interface Shape {
  readonly fin?: boolean;
  /** RSV1 to RSV3, as bits 4, 2 and 1. */
  readonly reserved?: number;
  readonly masked?: boolean;
  /** The length in the head, if it is not the real one. */
  readonly length?: number;
  /** Octets of the length: 1, 3 or 9. */
  readonly width?: number;
}

/** A frame of a client, masked with a key that changes every octet. */
function frame(opcode: number, payload: Uint8Array | string = '', shape: Shape = {}): Buffer {
  const { fin = true, reserved = 0, masked = true } = shape;
  const body = Buffer.from(payload);
  const length = shape.length ?? body.length;
  const width = shape.width ?? (length < 126 ? 1 : length < 65536 ? 3 : 9);
  const head = Buffer.alloc(1 + width);
  head[0] = (fin ? 0x80 : 0) | (reserved << 4) | opcode;
  head[1] = (masked ? 0x80 : 0) | (width === 1 ? length : width === 3 ? 126 : 127);
  if (width === 3) head.writeUInt16BE(length, 2);
  if (width === 9) head.writeBigUInt64BE(BigInt(length), 2);
  if (!masked) return Buffer.concat([head, body]);
  const mask = Uint8Array.of(0x11, 0xa2, 0x00, 0xff);
  return Buffer.concat([head, mask, body.map((octet, i) => octet ^ (mask[i % 4] ?? 0))]);
}

function closing(code: number, reason: Uint8Array | string = ''): Buffer {
  return frame(Op.Close, Buffer.concat([Uint8Array.of(code >> 8, code), Buffer.from(reason)]));
}

/** `text` as an EVENT's argument. */
function event(text: string): string {
  return `[36,1,2,{},["${text}"]]`;
}

/** A message in fragments of the given size, which may split characters. */
function fragments(text: string, ...sizes: readonly number[]): Buffer[] {
  const bytes = Buffer.from(text);
  const parts: Buffer[] = [];
  let at = 0;
  for (let i = 0; at < bytes.length; i++) {
    const size = sizes[Math.min(i, sizes.length - 1)] ?? 1;
    const fin = at + size >= bytes.length;
    parts.push(frame(i === 0 ? Op.Text : Op.Continuation, bytes.subarray(at, at + size), { fin }));
    at += size;
  }
  return parts;
}

const TEXT = 'κόσμε 𝄞 ﷐ \u{10ffff}';
const EVENT = event(TEXT);
const LONG = event('x'.repeat(70_000));

/** Sent frames, the arguments of the EVENTs that arrive, and the octets of the answers. */
const taken: readonly (readonly [what: string, sent: readonly Uint8Array[], args: readonly string[], back?: string])[] =
  [
    [
      '1.1 text of each length form',
      [frame(Op.Text, EVENT), frame(Op.Text, event('x'.repeat(300))), frame(Op.Text, LONG)],
      [TEXT, 'x'.repeat(300), 'x'.repeat(70_000)],
    ],
    ['2 a PING, and answers with its payload', [frame(Op.Ping, 'hello')], [], '8a0568656c6c6f'],
    ['2 a PING without payload', [frame(Op.Ping)], [], '8a00'],
    ['2 a PING of octets that are no text', [frame(Op.Ping, Uint8Array.of(0, 0xff, 0xfe, 0))], [], '8a0400fffe00'],
    ['2 a PING of 125 octets', [frame(Op.Ping, 'x'.repeat(125))], [], `8a7d${'78'.repeat(125)}`],
    [
      '2 ten PINGs at once, in order',
      Array.from({ length: 10 }, (_, i) => frame(Op.Ping, Uint8Array.of(i))),
      [],
      Array.from({ length: 10 }, (_, i) => `8a010${i}`).join(''),
    ],
    ['2 unsolicited PONGs', [frame(Op.Pong), frame(Op.Pong, 'what'), frame(Op.Text, EVENT)], [TEXT]],
    ['5 two fragments', fragments(EVENT, 10, 1000), [TEXT]],
    ['5 a fragment for each octet', fragments(EVENT, 1), [TEXT]],
    [
      '5 empty fragments, first, between and last',
      [frame(Op.Text, '', { fin: false }), frame(0, '', { fin: false }), frame(0, EVENT, { fin: false }), frame(0, '')],
      [TEXT],
    ],
    [
      '5 a PING between fragments, answered at once',
      [frame(Op.Text, EVENT.slice(0, 9), { fin: false }), frame(Op.Ping, 'now'), frame(0, EVENT.slice(9))],
      [TEXT],
      '8a036e6f77',
    ],
    ['5 fragmented messages one after the other', [...fragments(EVENT, 4), ...fragments(event('b'), 7)], [TEXT, 'b']],
    [
      '6 characters at the borders of UTF-8',
      [frame(Op.Text, event('\u007f\u0080\u07ff\u0800\ud7ff\ue000\ufffd\uffff\u{10000}\u{10ffff}'))],
      ['\u007f\u0080\u07ff\u0800\ud7ff\ue000\ufffd\uffff\u{10000}\u{10ffff}'],
    ],
  ];

const refused: readonly (readonly [what: string, sent: readonly Uint8Array[], code: number])[] = [
  ...[1, 2, 3, 4, 5, 6, 7].flatMap(reserved => [
    [`3 reserved bits ${reserved} in a text frame`, [frame(Op.Text, EVENT, { reserved })], 1002] as const,
    [`3 reserved bits ${reserved} in a PING`, [frame(Op.Ping, 'x', { reserved })], 1002] as const,
  ]),
  ['3 reserved bits in a continuation', [frame(Op.Text, '[', { fin: false }), frame(0, ']', { reserved: 4 })], 1002],
  ['3 reserved bits in a close frame', [frame(Op.Close, '', { reserved: 2 })], 1002],
  ...[3, 4, 5, 6, 7, 11, 12, 13, 14, 15].flatMap(opcode => [
    [`4 opcode ${opcode}`, [frame(opcode)], 1002] as const,
    [`4 opcode ${opcode} with a payload, after a message`, [frame(Op.Text, EVENT), frame(opcode, 'x')], 1002] as const,
  ]),
  ['a frame without mask', [frame(Op.Text, EVENT, { masked: false })], 1002],
  ['a PING without mask', [frame(Op.Ping, '', { masked: false })], 1002],
  ['2 a PING of 126 octets', [frame(Op.Ping, 'x'.repeat(126))], 1002],
  ['5 a PING in fragments', [frame(Op.Ping, 'x', { fin: false }), frame(0, 'x')], 1002],
  ['5 a PONG in fragments', [frame(Op.Pong, 'x', { fin: false })], 1002],
  ['5 a close frame in fragments', [frame(Op.Close, '', { fin: false })], 1002],
  ['5 a continuation without a message', [frame(0, EVENT)], 1002],
  ['5 a continuation without a message, not the last', [frame(0, EVENT, { fin: false })], 1002],
  ['5 a continuation after the last', [...fragments(EVENT, 9), frame(0, 'x')], 1002],
  ['5 a message within the fragments of another', [frame(Op.Text, '[', { fin: false }), frame(Op.Text, EVENT)], 1002],
  [
    '5 a fragmented message within another',
    [frame(Op.Text, '[', { fin: false }), frame(Op.Text, EVENT, { fin: false })],
    1002,
  ],
  ...[
    ['an octet that never occurs', [0xff]],
    ['a continuation alone', [0x80]],
    ['a sequence that is cut off', [0xe2, 0x82]],
    ['an overlong /', [0xc0, 0xaf]],
    ['an overlong NUL', [0xe0, 0x80, 0x80]],
    ['a surrogate', [0xed, 0xa0, 0x80]],
    ['more than U+10FFFF', [0xf4, 0x90, 0x80, 0x80]],
    ['five octets', [0xf8, 0x88, 0x80, 0x80, 0x80]],
  ].flatMap(([what, octets]) => {
    const bytes = Buffer.concat([Buffer.from('["'), Uint8Array.from(octets as number[]), Buffer.from('"]')]);
    const [one, two] = [bytes.subarray(0, 3), bytes.subarray(3)];
    return [
      [`6 text with ${what}`, [frame(Op.Text, bytes)], 1007] as const,
      [`6 text with ${what}, in fragments`, [frame(Op.Text, one, { fin: false }), frame(0, two)], 1007] as const,
    ];
  }),
  ['6 text that ends within a character', [frame(Op.Text, Uint8Array.of(0xf0, 0x9f, 0x98))], 1007],
  ['7 a close frame of one octet', [frame(Op.Close, 'x')], 1002],
  ['7 a close frame of 126 octets', [closing(1000, 'x'.repeat(124))], 1002],
  ['7 a close reason that is not UTF-8', [closing(1000, Uint8Array.of(0xce, 0xba, 0xff))], 1007],
  ...[0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535].map(
    code => [`7 close code ${code}`, [closing(code)], 1002] as const,
  ),
  ['9 a message over the limit, told by its head', [frame(Op.Text, '', { length: LIMIT + 1 })], 1009],
  [
    '9 fragments that exceed the limit together',
    [frame(Op.Text, Buffer.alloc(LIMIT, ' '), { fin: false }), frame(0, ' ')],
    1009,
  ],
  [
    '9 a length beyond 2^53',
    [Uint8Array.of(0x81, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0)],
    1009,
  ],
  ['9 a length with its highest bit', [Uint8Array.of(0x81, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)], 1009],
  ['a binary frame where text was agreed', [frame(Op.Binary, EVENT)], 1002],
  ['an empty message', [frame(Op.Text)], 1002],
];

/** The frames of a server in `bytes`, which contain whole frames only. */
function framesIn(bytes: Buffer): { first: number; payload: Buffer }[] {
  const frames: { first: number; payload: Buffer }[] = [];
  for (let at = 0; at < bytes.length; ) {
    assert.ok(at + 2 <= bytes.length, 'a frame is cut off');
    const small = bytes[at + 1] ?? 0;
    assert.ok(small < 127, 'masked, or longer than anything here');
    const start = at + (small === 126 ? 4 : 2);
    const end = start + (small === 126 ? bytes.readUInt16BE(at + 2) : small);
    assert.ok(end <= bytes.length, 'a frame is cut off');
    frames.push({ first: bytes[at] ?? 0, payload: bytes.subarray(start, end) });
    at = end;
  }
  return frames;
}

describe('frames of a WebSocket client [RFC6455-5]', () => {
  let listening: Listening;
  const accepted: RecordingReceiver[] = [];

  before(async () => {
    listening = await listenWeb(
      {
        address: { host: '127.0.0.1', port: 0 },
        name: 'web',
        codecs,
        limits: { ...defaultLimits, maxMessageSize: LIMIT, closeGrace: 500 },
        log: new RecordingLogger(),
        clock: systemClock,
      },
      link => {
        const receiver = new RecordingReceiver();
        accepted.push(receiver);
        link.open(receiver);
      },
    );
  });
  after(() => listening[Symbol.asyncDispose]());

  /** Opens a WebSocket. Sends `first` in one piece with the request. */
  async function open(first: Uint8Array, ...headers: readonly string[]): Promise<[RawPeer, RecordingReceiver, string]> {
    const peer = await RawPeer.connect({ host: '127.0.0.1', port: listening.port });
    const lines = [
      'GET /ws HTTP/1.1',
      'Host: 127.0.0.1',
      'Connection: keep-alive, Upgrade',
      'Upgrade: WebSocket',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
      'Sec-WebSocket-Protocol: wamp.2.json',
      ...headers,
    ];
    peer.send(`${lines.join('\r\n')}\r\n\r\n`, first);
    const head = await peer.head();
    return [peer, await until('a link', () => accepted.shift()), head];
  }

  for (const [what, sent, args, back = ''] of taken) {
    it(`are accepted: ${what}`, async () => {
      const [peer, receiver] = await open(Buffer.concat(sent));
      using _ = peer;
      const messages = await receiver.received(args.length);
      const got = messages.map(message => message.type === MessageType.Event && message.payload.args[0]);
      assert.deepEqual(got, args);
      peer.send(closing(1000));
      assert.equal((await peer.rest()).toString('hex'), `${back}880203e8`);
    });
  }

  it('are accepted octet by octet: all of the above', async () => {
    const [peer, receiver] = await open(Buffer.alloc(0));
    using _ = peer;
    const short = taken.filter(([, sent]) => !sent.some(({ length }) => length > 1000));
    const bytes = Buffer.concat(short.flatMap(([, sent]) => sent));
    for (let i = 0; i < bytes.length; i++) peer.send(bytes.subarray(i, i + 1));
    const args = short.flatMap(([, , each]) => each);
    const messages = await receiver.received(args.length);
    assert.deepEqual(
      messages.map(message => message.type === MessageType.Event && message.payload.args[0]),
      args,
    );
    peer.send(closing(1000));
    const back = short.map(([, , , each = '']) => each).join('');
    assert.equal((await peer.rest()).toString('hex'), `${back}880203e8`);
  });

  for (const [what, sent, code] of refused) {
    it(`are refused with ${code}: ${what}`, async () => {
      const [peer, receiver] = await open(Buffer.concat(sent));
      using _ = peer;
      await receiver.over();
      peer.socket.end();
      const frames = framesIn(await peer.rest());
      const close = frames.at(-1);
      assert.deepEqual([close?.first, close?.payload.readUInt16BE(0)], [0x88, code]);
      assert.equal(receiver.closings.length, 1);
      // Only an ABORT may precede the close frame.
      for (const { first, payload } of frames.slice(0, -1)) {
        assert.equal(first, 0x81);
        assert.match(payload.toString(), /^\[3,.*"wamp\.error\.protocol_violation"\]$/);
      }
    });
  }

  for (const code of [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999]) {
    it(`7 a close frame is answered with its own code: ${code}`, async () => {
      const [peer, receiver] = await open(closing(code, 'grün'.padEnd(60, '.')));
      using _ = peer;
      assert.match(await receiver.over(), new RegExp(`${code} \\(grün`));
      const [close, ...others] = framesIn(await peer.rest());
      assert.deepEqual([close?.first, close?.payload.readUInt16BE(0), others], [0x88, code, []]);
    });
  }

  it('7 a close frame without a code is answered without a code, and later frames are ignored', async () => {
    const [peer, receiver] = await open(Buffer.concat([frame(Op.Close), frame(Op.Ping, 'x'), frame(Op.Text, EVENT)]));
    using _ = peer;
    await receiver.over();
    assert.equal((await peer.rest()).toString('hex'), '8800');
    assert.equal(receiver.messages.length, 0);
  });

  it('12 are never compressed, even if an extension is offered [RFC7692]', async () => {
    const [peer, receiver, head] = await open(
      frame(Op.Text, EVENT, { reserved: 4 }),
      'Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits, x-webkit-deflate-frame',
    );
    using _ = peer;
    assert.doesNotMatch(head, /extensions/i);
    await receiver.over();
    peer.socket.end();
    assert.equal(
      framesIn(await peer.rest())
        .at(-1)
        ?.payload.readUInt16BE(0),
      1002,
    );
  });
});
