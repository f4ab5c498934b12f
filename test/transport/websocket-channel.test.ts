import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { describe, it } from 'node:test';
import type { FrameReceiver } from '../../src/link/frame-channel.ts';
import { WebSocketChannel } from '../../src/transport/websocket-channel.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { FakeSocket } from '../support/fake-socket.ts';

const CLOSE = 8;

/** Says `closing` before it writes its close frame, and does nothing else. */
class FakeWebSocket extends EventEmitter {
  readonly #socket: FakeSocket;

  constructor(socket: FakeSocket) {
    super();
    this.#socket = socket;
  }

  close(): void {
    this.emit('closing');
    this.#socket.write(Buffer.of(0x80 | CLOSE, 0));
  }

  terminate(): void {}
  pause(): void {}
  resume(): void {}
}

class Receiver implements FrameReceiver {
  drains = 0;
  receiveFrame(): void {}
  drained(): void {
    this.drains++;
  }
  refuse(): void {}
  closed(): void {}
}

function open({ masked = false, binary = true, interval = 0 } = {}) {
  const socket = new FakeSocket();
  const webSocket = new FakeWebSocket(socket);
  const clock = new FakeClock();
  const heartbeat = { interval, timeout: 1000 };
  const channel = new WebSocketChannel({ webSocket, socket, binary, masked, heartbeat, closeGrace: 1000, clock });
  const receiver = new Receiver();
  channel.attach(receiver);
  return { socket, webSocket, channel, receiver, clock };
}

interface Frame {
  readonly opcode: number;
  readonly mask: string | undefined;
  readonly payload: Buffer;
}

/** The frames that were written, read by the book. [RFC6455-5.2] */
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

  it('sends text where the subprotocol is for text', async () => {
    const { socket, channel } = open({ binary: false });
    channel.write(Buffer.from('[1]'));
    await turn();
    assert.deepEqual(framesOf(socket), [{ opcode: 1, mask: undefined, payload: Buffer.from('[1]') }]);
  });

  it('sends all frames of a turn as one piece in one write', async () => {
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

  it('does not wait for the end of the turn with a lot gathered', () => {
    const { socket, channel } = open();
    for (let i = 0; i < 10; i++) channel.write(new Uint8Array(10_000));
    assert.equal(socket.writes.length, 1);
  });

  it('keeps frames while the socket is behind, and sends them when it drains', async () => {
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

  it('sends what is gathered before the close frame, ours or the answer to the peer’s, and nothing after [RFC6455-5.5.1]', async () => {
    for (const close of ['ours', 'the answer']) {
      const { socket, webSocket, channel } = open();
      channel.write(filled(3, 1));
      if (close === 'ours') channel.end('normal', '');
      else webSocket.close();
      channel.write(filled(3, 2));
      await turn();
      assert.deepEqual(
        framesOf(socket).map(({ opcode }) => opcode),
        [2, CLOSE],
        close,
      );
    }
  });

  it('asks with a PING, and answers one with its own bytes [RFC6455-5.5.2]', async () => {
    const { socket, webSocket, clock } = open({ interval: 5000 });
    webSocket.emit('ping', Buffer.from('are you there'));
    await turn();
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
});
