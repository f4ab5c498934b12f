import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { describe, it } from 'node:test';
import { connect as connectTls } from 'node:tls';
import type { FrameChannel, FrameReceiver } from '../../src/link/frame-channel.ts';
import { joinBatch } from '../../src/transport/channel/batch.ts';
import { BatchedChannel } from '../../src/transport/channel/batched-channel.ts';
import { MeteredChannel, type Rates } from '../../src/transport/channel/metered-channel.ts';
import { LongPollChannel } from '../../src/transport/longpoll/channel.ts';
import { RawSocketChannel } from '../../src/transport/rawsocket/channel.ts';
import { listenRawSocket } from '../../src/transport/rawsocket-server.ts';
import { WebSocketChannel } from '../../src/transport/websocket/channel.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { FakeSocket } from '../support/fake-socket.ts';
import { LinkListener } from '../support/link-listener.ts';
import { rawFrame } from '../support/raw-peer.ts';
import { testCertificate, testKey } from '../support/tls-fixture.ts';
import { until } from '../support/until.ts';

const turn = (): Promise<void> => new Promise(setImmediate);

const heartbeat = { interval: 0, timeout: 0 };
const MESSAGE = Buffer.from('[16,1,{},"a.b"]');

/** A masked frame of a client with a key of zeros, which does not change the payload. */
function clientFrame(payload: Uint8Array): Buffer {
  const head = payload.length < 126 ? [0x82, 0x80 | payload.length] : [0x82, 0xfe, payload.length >> 8, payload.length];
  return Buffer.concat([Buffer.from([...head, 0, 0, 0, 0]), payload]);
}

/** A kind of channel, and how a peer sends many messages on it at once. */
interface Kind {
  readonly name: string;
  open(clock: FakeClock): { channel: FrameChannel; send(count: number): void; socket?: FakeSocket };
}

function overSocket(make: (socket: FakeSocket, clock: FakeClock) => FrameChannel, pieces: (count: number) => Buffer) {
  return (clock: FakeClock) => {
    const socket = new FakeSocket();
    return { channel: make(socket, clock), socket, send: (count: number) => void socket.push(pieces(count)) };
  };
}

const repeated = (frame: Buffer) => (count: number) => Buffer.concat(Array.from({ length: count }, () => frame));

function webSocket(socket: FakeSocket, clock: FakeClock): WebSocketChannel {
  const options = { socket, binary: true, client: false, heartbeat, maxMessage: 2 ** 24, closeGrace: 1000, clock };
  return new WebSocketChannel(options);
}

function longPoll(clock: FakeClock, batched: boolean): LongPollChannel {
  const times = { hold: 1e9, idle: 1e9 };
  return new LongPollChannel({ contentType: 'application/json', batched, ...times, clock, onOver: () => {} });
}

/** An HTTP answer that the test ignores. */
const answer = () =>
  ({ writeHead: () => {}, setHeader: () => {}, end: () => {}, once: () => {} }) as unknown as Parameters<
    LongPollChannel['send']
  >[1];

const batch = (count: number): Uint8Array => joinBatch(Array<Uint8Array>(count).fill(MESSAGE), true);

const kinds: readonly Kind[] = [
  {
    name: 'RawSocket',
    open: overSocket(
      (socket, clock) => new RawSocketChannel({ socket, ownLimit: 2 ** 24, peerLimit: 2 ** 24, heartbeat, clock }),
      repeated(rawFrame(MESSAGE)),
    ),
  },
  { name: 'WebSocket', open: overSocket(webSocket, repeated(clientFrame(MESSAGE))) },
  {
    name: 'batched WebSocket',
    open: overSocket(
      (socket, clock) => new BatchedChannel(webSocket(socket, clock), true, clock),
      count => clientFrame(batch(count)),
    ),
  },
  {
    name: 'long-poll',
    open: clock => {
      const channel = longPoll(clock, false);
      return {
        channel,
        send: count => {
          for (let i = 0; i < count; i++) channel.send(MESSAGE, answer());
        },
      };
    },
  },
  {
    name: 'batched long-poll',
    open: clock => {
      const channel = longPoll(clock, true);
      return { channel: new BatchedChannel(channel, true, clock), send: count => channel.send(batch(count), answer()) };
    },
  },
];

class Counter implements FrameReceiver {
  frames = 0;
  bytes = 0;
  closings: string[] = [];
  receiveFrame(frame: Uint8Array): void {
    this.frames++;
    this.bytes += frame.length;
  }
  drained(): void {}
  refuse(error: unknown): void {
    throw error;
  }
  closed(reason: string): void {
    this.closings.push(reason);
  }
}

function metered(kind: Kind, rates: Rates) {
  const clock = new FakeClock();
  const opened = kind.open(clock);
  const receiver = new Counter();
  new MeteredChannel(opened.channel, rates, clock).attach(receiver);
  return { ...opened, clock, receiver };
}

async function pass(clock: FakeClock, milliseconds: number): Promise<void> {
  for (let passed = 0; passed < milliseconds; passed += 20) {
    clock.advance(20);
    for (let i = 0; i < 3; i++) await turn();
  }
}

describe('rates of a peer that sends as fast as it can', () => {
  for (const kind of kinds) {
    it(`hold over a minute in messages: ${kind.name}`, async () => {
      const { clock, receiver, send } = metered(kind, { messages: { rate: 10, burst: 10 } });
      send(3000);
      for (let minute = 1; minute <= 3; minute++) {
        const before = receiver.frames;
        await pass(clock, 60_000);
        const allowed = minute === 1 ? 610 : 600;
        assert.ok(Math.abs(receiver.frames - before - allowed) <= allowed / 10, `${receiver.frames - before}`);
      }
    });

    it(`hold over a minute in bytes: ${kind.name}`, async () => {
      const bytes = { rate: 20 * MESSAGE.length, burst: 100 * MESSAGE.length };
      const { clock, receiver, send } = metered(kind, { bytes });
      send(3000);
      await pass(clock, 60_000);
      const allowed = (20 * 60 + 100) * MESSAGE.length;
      assert.ok(Math.abs(receiver.bytes - allowed) <= allowed / 10, `${receiver.bytes}, allowed ${allowed}`);
    });

    it(`pause reading for an hour after one message of that cost: ${kind.name}`, async () => {
      const { clock, receiver, send } = metered(kind, { bytes: { rate: MESSAGE.length / 3600, burst: 1 } });
      send(5);
      await pass(clock, 10);
      assert.equal(receiver.frames, 1);
      clock.advance(3_300_000);
      await pass(clock, 100);
      assert.equal(receiver.frames, 1);
      clock.advance(100_000);
      await pass(clock, 100);
      assert.equal(receiver.frames, 2);
    });
  }

  for (const kind of kinds.filter(({ name }) => !name.includes('long-poll'))) {
    it(`keep no connection alive that the peer has closed: ${kind.name}`, async () => {
      const { clock, receiver, send, socket } = metered(kind, { messages: { rate: 0.001, burst: 1 } });
      send(2);
      await pass(clock, 100);
      assert.equal(receiver.frames, 2);
      socket?.push(null);
      await pass(clock, 100);
      assert.equal(receiver.closings.length, 1, 'nothing waits');
    });

    it(`deliver input from before the end at the rate, and for a few seconds only: ${kind.name}`, async () => {
      const soon = metered(kind, { messages: { rate: 10, burst: 1 } });
      soon.send(30);
      soon.socket?.push(null);
      await pass(soon.clock, 1000);
      assert.deepEqual([soon.receiver.frames < 15, soon.receiver.closings], [true, []]);
      await pass(soon.clock, 3000);
      assert.deepEqual([soon.receiver.frames, soon.receiver.closings.length], [30, 1]);
      const late = metered(kind, { messages: { rate: 0.001, burst: 1 } });
      late.send(30);
      late.socket?.push(null);
      await pass(late.clock, 12_000);
      assert.deepEqual([late.receiver.frames, late.receiver.closings.length, late.clock.timers], [2, 1, 0]);
    });
  }

  for (const secure of [false, true]) {
    it(`hold over real sockets${secure ? ' with TLS' : ''}, and a connection that closes is noticed`, async () => {
      const tls = secure ? { tls: { cert: testCertificate, key: testKey } } : {};
      await using server = new LinkListener((terms, accept) => listenRawSocket({ ...terms, ...tls }, accept), {
        messageRate: { rate: 100, burst: 10 },
      });
      const port = await server.port();
      const socket: Socket = secure
        ? connectTls({ port, host: '127.0.0.1', ca: testCertificate, servername: 'localhost' })
        : connect({ port, host: '127.0.0.1' });
      socket.on('error', () => {});
      socket.resume();
      socket.write(Buffer.of(0x7f, 0xf1, 0, 0));
      socket.write(Buffer.concat(Array<Buffer>(300).fill(rawFrame(MESSAGE))));
      await until('a link', () => server.links[0]);
      // Ten at once, then five each 50 ms.
      for (let allowed = 10; allowed < 200; allowed += 5) {
        await until(`${allowed - 1} messages`, () => server.link.counters.messagesIn >= allowed - 1);
        assert.ok(server.link.counters.messagesIn <= allowed + 1, `${server.link.counters.messagesIn} of ${allowed}`);
        server.clock.advance(50);
      }
      socket.destroy();
      await until('the end', () => {
        server.clock.advance(50);
        return server.receiver.closings.length > 0;
      });
      assert.equal(server.link.counters.messagesIn, 300);
    });
  }
});
