import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { FrameReceiver } from '../../../src/link/frame-channel.ts';
import { RawSocketChannel } from '../../../src/transport/rawsocket/channel.ts';
import { FrameParser } from '../../../src/transport/rawsocket/framing.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { FakeSocket } from '../../support/fake-socket.ts';
import { until } from '../../support/until.ts';

/** The payloads of all written frames. */
function framesOf(socket: FakeSocket): Uint8Array[] {
  const frames: Uint8Array[] = [];
  const parser = new FrameParser(2 ** 24, (_type, frame) => frames.push(Uint8Array.from(frame)));
  for (const chunk of socket.writes.flat()) parser.push(chunk);
  return frames;
}

class Receiver implements FrameReceiver {
  drains = 0;
  readonly closings: string[] = [];
  readonly frames: Uint8Array[] = [];
  readonly refusals: unknown[] = [];

  receiveFrame(frame: Uint8Array): void {
    this.frames.push(frame);
  }

  drained(): void {
    this.drains++;
  }

  refuse(error: unknown): void {
    this.refusals.push(error);
  }

  closed(reason: string): void {
    this.closings.push(reason);
  }
}

function open(): { socket: FakeSocket; channel: RawSocketChannel; receiver: Receiver } {
  const socket = new FakeSocket();
  const channel = new RawSocketChannel({
    socket,
    ownLimit: 2 ** 24,
    peerLimit: 2 ** 24,
    heartbeat: { interval: 0, timeout: 0 },
    clock: new FakeClock(),
  });
  const receiver = new Receiver();
  channel.attach(receiver);
  return { socket, channel, receiver };
}

const turn = (): Promise<void> => new Promise(setImmediate);

function filled(size: number, value: number): Uint8Array {
  return new Uint8Array(size).fill(value);
}

describe('RawSocket channel', () => {
  it('sends all frames of a turn in one write, each socket its own', async () => {
    const [a, b] = [open(), open()];
    for (let i = 0; i < 50; i++) {
      a.channel.write(filled(100, i));
      b.channel.write(filled(100, 100 + i));
    }
    assert.deepEqual([a.socket.writes.length, b.socket.writes.length], [0, 0]);
    assert.equal(a.channel.queuedBytes, 50 * 104);
    await turn();
    assert.deepEqual([a.socket.writes.length, b.socket.writes.length], [1, 1]);
    assert.equal(a.socket.writes[0]?.length, 1, 'one buffer');
    assert.deepEqual(
      framesOf(a.socket).map(frame => frame[0]),
      Array.from({ length: 50 }, (_, i) => i),
    );
    assert.deepEqual(
      framesOf(b.socket).map(frame => frame[0]),
      Array.from({ length: 50 }, (_, i) => 100 + i),
    );
    assert.equal(a.channel.queuedBytes, 0);
  });

  it('writes a large frame without a copy, in order with small ones', async () => {
    const { socket, channel } = open();
    socket.stalled = true;
    const large = filled(20_000, 2);
    channel.write(filled(10, 1));
    channel.write(large);
    channel.write(filled(10, 3));
    await turn();
    assert.equal(socket.writes.length, 1);
    const pieces = socket.writes[0] ?? [];
    assert.equal(pieces.length, 3);
    assert.equal(pieces[1]?.buffer, large.buffer);
    assert.deepEqual(
      framesOf(socket).map(frame => frame[0]),
      [1, 2, 3],
    );
  });

  it('does not wait for the end of the turn with a full batch', () => {
    const { socket, channel } = open();
    for (let i = 0; i < 10; i++) channel.write(filled(10_000, i));
    assert.equal(socket.writes.length, 1);
  });

  it('does not reuse a buffer that the system has not written yet', async () => {
    const stalled = open();
    stalled.socket.stalled = true;
    stalled.channel.write(filled(1000, 1));
    await turn();
    const before = Buffer.from(stalled.socket.writes[0]?.[0] ?? []);
    for (let i = 0; i < 200; i++) {
      const other = open();
      other.channel.write(filled(1000, 2));
      await turn();
    }
    assert.deepEqual(stalled.socket.writes[0]?.[0], before);
  });

  it('writes nothing to a congested socket, counts the waiting bytes, and continues when it drains', async () => {
    const { socket, channel, receiver } = open();
    socket.stalled = true;
    const size = socket.writableHighWaterMark;
    channel.write(filled(size, 1));
    await turn();
    channel.write(filled(100, 2));
    channel.write(filled(100, 3));
    await turn();
    assert.equal(socket.writes.length, 1);
    assert.equal(channel.queuedBytes, size + 4 + 2 * 104);
    socket.release();
    await until('the drain', () => receiver.drains > 0);
    assert.deepEqual(
      framesOf(socket).map(frame => frame[0]),
      [1, 2, 3],
    );
    assert.equal(channel.queuedBytes, 0);
  });

  it('sends frames from before its end, and nothing after', async () => {
    const { socket, channel, receiver } = open();
    channel.write(filled(10, 1));
    channel.end('normal', 'done');
    channel.write(filled(10, 2));
    await until('the end', () => socket.writableFinished);
    assert.deepEqual(
      framesOf(socket).map(frame => frame[0]),
      [1],
    );
    socket.push(Buffer.from([0, 0, 0, 1, 9]));
    socket.push(null);
    await until('closed', () => receiver.closings.length > 0);
    assert.equal(receiver.frames.length, 0);
    assert.equal(receiver.closings.length, 1);
  });

  it('ends when a congested socket has drained', async () => {
    const { socket, channel } = open();
    socket.stalled = true;
    channel.write(filled(socket.writableHighWaterMark, 1));
    await turn();
    channel.write(filled(10, 2));
    channel.end('normal', 'done');
    assert.equal(socket.writableEnded, false);
    socket.release();
    await until('the end', () => socket.writableFinished);
    assert.deepEqual(
      framesOf(socket).map(frame => frame[0]),
      [1, 2],
    );
  });

  it('discards waiting frames when destroyed, and reports the reason, later and once', async () => {
    const { socket, channel, receiver } = open();
    channel.write(filled(10, 1));
    channel.destroy('too slow');
    channel.destroy('again');
    assert.deepEqual(receiver.closings, []);
    await until('closed', () => receiver.closings.length > 0);
    await turn();
    assert.deepEqual(receiver.closings, ['too slow']);
    assert.equal(socket.writes.length, 0);
  });
});
