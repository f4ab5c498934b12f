import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { FrameReceiver } from '../../src/link/frame-channel.ts';
import { WebSocketChannel, type WebSocketLike } from '../../src/transport/websocket-channel.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { FakeSocket } from '../support/fake-socket.ts';

class Receiver implements FrameReceiver {
  receiveFrame(): void {}
  drained(): void {}
  refuse(): void {}
  closed(): void {}
}

/** Writes a header and a body for each frame, as the package does, and nothing else. */
function webSocketOn(socket: FakeSocket, events: string[]): WebSocketLike {
  const nothing = (): void => {};
  return {
    on: nothing,
    send(data) {
      socket.write(Buffer.of(0x82, data.length));
      socket.write(data);
    },
    ping: () => events.push('ping'),
    pong: nothing,
    close: nothing,
    terminate: () => events.push('terminate'),
    pause: nothing,
    resume: nothing,
  };
}

function open(): { socket: FakeSocket; channel: WebSocketChannel; clock: FakeClock; events: string[] } {
  const socket = new FakeSocket();
  const clock = new FakeClock();
  const events: string[] = [];
  const channel = new WebSocketChannel({
    webSocket: webSocketOn(socket, events),
    socket,
    binary: true,
    heartbeat: { interval: 1000, timeout: 400 },
    closeGrace: 1000,
    clock,
  });
  channel.attach(new Receiver());
  return { socket, channel, clock, events };
}

const turn = (): Promise<void> => new Promise(setImmediate);

describe('WebSocket channel', () => {
  it('sends all frames of a turn in one write', async () => {
    const { socket, channel } = open();
    for (let i = 0; i < 50; i++) channel.write(new Uint8Array(100).fill(i));
    assert.equal(socket.writes.length, 0);
    assert.equal(channel.queuedBytes, 50 * 102);
    await turn();
    assert.equal(socket.writes.length, 1);
    assert.equal(socket.writes[0]?.length, 100);
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

  it('gathers no more pieces than the system takes at a time', async () => {
    const { socket, channel } = open();
    for (let i = 0; i < 1100; i++) channel.write(new Uint8Array(1));
    await turn();
    assert.deepEqual(
      socket.writes.map(pieces => pieces.length),
      [1000, 1000, 200],
    );
  });

  it('takes every byte for a sign of life, so that a large message may take its time', async () => {
    const { socket, clock, events } = open();
    for (let i = 0; i < 10; i++) {
      clock.advance(1000);
      socket.push(Buffer.of(i));
      await turn();
      clock.advance(400);
    }
    assert.ok(events.length > 0 && events.every(event => event === 'ping'), events.join());
    clock.advance(2000);
    assert.equal(events.at(-1), 'terminate');
  });
});
