import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { FrameReceiver } from '../../../src/link/frame-channel.ts';
import { WebSocketChannel } from '../../../src/transport/websocket/channel.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { FakeSocket } from '../../support/fake-socket.ts';

const CLOSE = 8;

class Receiver implements FrameReceiver {
  drains = 0;
  frames = 0;
  readonly closings: string[] = [];
  receiveFrame(): void {
    this.frames++;
  }
  drained(): void {
    this.drains++;
  }
  refuse(): void {}
  closed(reason: string): void {
    this.closings.push(reason);
  }
}

function open({ masked: client = false, binary = true, interval = 0 } = {}) {
  const socket = new FakeSocket();
  const clock = new FakeClock();
  const heartbeat = { interval, timeout: 1000 };
  const options = { socket, binary, client, heartbeat, maxMessage: 1000, closeGrace: 1000, clock };
  const channel = new WebSocketChannel(options);
  const receiver = new Receiver();
  channel.attach(receiver);
  return { socket, channel, receiver, clock };
}

interface Frame {
  readonly opcode: number;
  readonly mask: string | undefined;
  readonly payload: Buffer;
}

/** The written frames, parsed as specified. [RFC6455-5.2] */
function framesOf(socket: FakeSocket): Frame[] {
  const bytes = Buffer.concat(socket.writes.flat());
  const frames: Frame[] = [];
  for (let at = 0; at < bytes.length; ) {
    assert.equal(bytes.readUInt8(at) & 0xf0, 0x80, 'FIN and no reserved bit');
    const opcode = bytes.readUInt8(at) & 0x0f;
    const masked = bytes.readUInt8(at + 1) >= 0x80;
    let length = bytes.readUInt8(at + 1) & 0x7f;
    at += 2;
    if (length === 126) {
      length = bytes.readUInt16BE(at);
      assert.ok(length > 125, 'the shortest form of the length');
      at += 2;
    } else if (length === 127) {
      length = Number(bytes.readBigUInt64BE(at));
      assert.ok(length > 0xffff, 'the shortest form of the length');
      at += 8;
    }
    const mask = masked ? bytes.subarray(at, at + 4) : undefined;
    if (masked) at += 4;
    const payload = Buffer.from(bytes.subarray(at, at + length)).map((byte, i) => byte ^ (mask?.[i % 4] ?? 0));
    assert.equal(payload.length, length, 'a whole frame');
    frames.push({ opcode, mask: mask?.toString('hex'), payload: Buffer.from(payload) });
    at += length;
  }
  return frames;
}

function filled(size: number, from: number): Uint8Array {
  return Uint8Array.from({ length: size }, (_, i) => (from + i * 7) & 0xff);
}

const bytesOf = (code: number): number[] => [code >> 8, code & 0xff];

const turn = (): Promise<void> => new Promise(setImmediate);

describe('WebSocket channel', () => {
  for (const masked of [false, true]) {
    it(`frames messages of any length as a ${masked ? 'client' : 'server'} [RFC6455-5.2]`, async () => {
      const { socket, channel } = open({ masked });
      const sizes = [0, 1, 124, 125, 126, 127, 300, 16_384, 16_385, 40_000, 65_535, 65_536, 200_000, 5];
      const messages = sizes.map((size, i) => filled(size, i));
      for (const message of messages) channel.write(message);
      await turn();
      const frames = framesOf(socket);
      assert.deepEqual(
        frames.map(({ opcode, payload }) => [opcode, Buffer.compare(payload, messages.shift() ?? Buffer.of(1))]),
        sizes.map(() => [2, 0]),
      );
      assert.deepEqual(
        frames.map(({ mask }) => mask !== undefined),
        sizes.map(() => masked),
      );
      if (masked) assert.ok(new Set(frames.map(({ mask }) => mask)).size > 1, 'masks differ [RFC6455-5.3]');
    });
  }

  it('sends text frames if the subprotocol uses text', async () => {
    const { socket, channel } = open({ binary: false });
    channel.write(Buffer.from('[1]'));
    await turn();
    assert.deepEqual(framesOf(socket), [{ opcode: 1, mask: undefined, payload: Buffer.from('[1]') }]);
  });

  it('sends all frames of a turn in one write', async () => {
    const { socket, channel } = open();
    for (let i = 0; i < 50; i++) channel.write(new Uint8Array(100).fill(i));
    assert.equal(socket.writes.length, 0);
    assert.equal(channel.queuedBytes, 50 * 102);
    await turn();
    assert.deepEqual(
      socket.writes.map(pieces => pieces.length),
      [1],
    );
    assert.equal(channel.queuedBytes, 0);
    channel.write(new Uint8Array(1));
    await turn();
    assert.equal(socket.writes.length, 2);
  });

  it('does not wait for the end of the turn with a full batch', () => {
    const { socket, channel } = open();
    for (let i = 0; i < 10; i++) channel.write(new Uint8Array(10_000));
    assert.equal(socket.writes.length, 1);
  });

  it('keeps frames while the socket is congested, and sends them when it drains', async () => {
    const { socket, channel, receiver } = open();
    socket.stalled = true;
    channel.write(new Uint8Array(100_000));
    channel.write(filled(10, 1));
    await turn();
    assert.equal(socket.writes.length, 1);
    assert.equal(socket.writableLength, 100_010);
    assert.equal(channel.queuedBytes, 100_010 + 12);
    socket.release();
    await turn();
    assert.equal(receiver.drains, 1);
    assert.deepEqual(
      framesOf(socket).map(({ payload }) => payload.length),
      [100_000, 10],
    );
    assert.equal(channel.queuedBytes, 0);
  });

  it('sends queued frames before its close frame, also if it answers the peer’s, and nothing after [RFC6455-5.5.1]', async () => {
    for (const close of ['ours', 'the answer']) {
      const { socket, channel } = open();
      channel.write(filled(3, 1));
      if (close === 'ours') channel.end('normal', '');
      else channel.feed(Buffer.of(0x80 | CLOSE, 0x80, 0, 0, 0, 0));
      channel.write(filled(3, 2));
      await turn();
      assert.deepEqual(
        framesOf(socket).map(({ opcode }) => opcode),
        [2, CLOSE],
        close,
      );
    }
  });

  it('answers a close frame with its code, ends the connection as a server, and ignores later frames [RFC6455-5.5.1]', async () => {
    const cases: readonly (readonly [payload: readonly number[], answer: readonly number[]])[] = [
      [[], []],
      ...[1000, 1001, 1003, 1007, 1011, 1014, 3000, 4999].map(code => [bytesOf(code), bytesOf(code)] as const),
      [[...bytesOf(1000), ...Buffer.from('grün')], bytesOf(1000)],
      // [RFC6455-7.4]
      ...[0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65_535].map(
        code => [bytesOf(code), bytesOf(1002)] as const,
      ),
      [[3], bytesOf(1002)],
      [[...bytesOf(1000), 0xff], bytesOf(1007)],
    ];
    for (const [payload, answer] of cases) {
      const { socket, channel, receiver } = open();
      const close = Buffer.of(0x80 | CLOSE, 0x80 | payload.length, 0, 0, 0, 0, ...payload);
      const message = Buffer.of(0x82, 0x81, 0, 0, 0, 0, 7);
      channel.feed(Buffer.concat([message, close, message]));
      channel.feed(Buffer.from(message));
      await turn();
      const [frame, ...others] = framesOf(socket);
      assert.deepEqual([frame?.opcode, others.length], [CLOSE, 0]);
      assert.deepEqual([...(frame?.payload.subarray(0, 2) ?? [])], answer, String(payload));
      assert.equal(receiver.frames, 1);
      assert.equal(socket.writableEnded, true);
    }
  });

  it('waits for the answer to its own close frame until a timeout [RFC6455-7.1.2]', async () => {
    const { socket, channel, clock, receiver } = open();
    channel.end('going-away', 'x'.repeat(200));
    await turn();
    const [frame] = framesOf(socket);
    assert.deepEqual([...(frame?.payload.subarray(0, 2) ?? [])], bytesOf(1001));
    assert.equal(frame?.payload.length, 125);
    assert.equal(socket.destroyed, false);
    clock.advance(1000);
    await turn();
    assert.equal(socket.destroyed, true);
    assert.deepEqual(receiver.closings, ['no answer to the close frame']);
    const answered = open();
    answered.channel.end('normal', '');
    answered.channel.feed(Buffer.of(0x80 | CLOSE, 0x80, 0, 0, 0, 0));
    assert.equal(answered.socket.writableEnded, true);
  });

  it('lets the server end the connection if it is the client [RFC6455-7.1.1]', () => {
    const { socket, channel } = open({ masked: true });
    channel.feed(Buffer.of(0x80 | CLOSE, 0));
    assert.equal(framesOf(socket)[0]?.opcode, CLOSE);
    assert.equal(socket.writableEnded, false);
  });

  it('sends PINGs, and answers a PING with its payload [RFC6455-5.5.2]', async () => {
    const { socket, channel, clock } = open({ interval: 5000 });
    channel.feed(Buffer.concat([Buffer.of(0x89, 0x80 | 13, 0, 0, 0, 0), Buffer.from('are you there')]));
    await turn();
    // Input counts until the heartbeat checks it.
    clock.advance(5000);
    clock.advance(5000);
    await turn();
    assert.deepEqual(
      framesOf(socket).map(({ opcode, payload }) => [opcode, payload.toString()]),
      [
        [10, 'are you there'],
        [9, ''],
      ],
    );
  });

  it('answers PINGs of a peer that does not read up to a limit, and then drops it', async () => {
    const { socket, channel, receiver } = open();
    const ping = Buffer.concat([Buffer.of(0x89, 0x80 | 125, 0, 0, 0, 0), Buffer.alloc(125)]);
    const fill = async (): Promise<void> => {
      socket.stalled = true;
      channel.write(filled(64 * 1024, 1));
      await turn();
    };
    const most = Math.floor((1024 * 1024) / (125 + 128));
    await fill();
    for (let asked = 0; asked < most; asked++) channel.feed(ping);
    socket.release();
    await turn();
    // A peer that reads gets all answers, and may send further PINGs.
    assert.equal(framesOf(socket).filter(({ opcode }) => opcode === 10).length, most);
    await fill();
    for (let asked = 0; asked < most; asked++) channel.feed(ping);
    assert.equal(socket.destroyed, false);
    channel.feed(ping);
    assert.equal(socket.destroyed, true);
    await turn();
    assert.deepEqual(receiver.closings, ['the peer sends PINGs and does not read']);
  });
});
