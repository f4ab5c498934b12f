import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { systemClock } from '../../src/base/clock.ts';
import { codecs } from '../../src/codec/codecs.ts';
import type { WireLink } from '../../src/link/wire-link.ts';
import { defaultLimits, type TransportLimits } from '../../src/transport/endpoint/limits.ts';
import type { Listening } from '../../src/transport/endpoint/listening.ts';
import { listenRawSocket, type RawSocketServerOptions } from '../../src/transport/rawsocket-server.ts';
import { ErrorUri } from '../../src/wamp/errors.ts';
import { MessageType } from '../../src/wamp/messages/message-type.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { numbered, numbers } from '../support/link-compliance.ts';
import { LinkListener } from '../support/link-listener.ts';
import { RawPeer, rawFrame } from '../support/raw-peer.ts';
import { RecordingLogger } from '../support/recording-logger.ts';
import { RecordingReceiver } from '../support/recording-receiver.ts';
import { until } from '../support/until.ts';

const JSON_16M = [0x7f, 0xf1, 0, 0];
const EVENT = '[36,1,2,{},[5]]';

class TestServer extends LinkListener {
  constructor(limits: Partial<TransportLimits> = {}, more: Partial<RawSocketServerOptions> = {}) {
    super((terms, accept) => listenRawSocket({ ...terms, ...more }, accept), limits);
  }

  /** A peer after the handshake, with the given second octet. */
  async shaken(second = 0xf1): Promise<{ peer: RawPeer; link: WireLink; receiver: RecordingReceiver }> {
    const peer = await this.connect();
    peer.send([0x7f, second, 0, 0]);
    await peer.read(4);
    return { peer, link: this.link, receiver: this.receiver };
  }
}

/** A listener with the system's clock. */
async function listening(unixPath: string): Promise<Listening> {
  const terms = { name: 'devices', codecs, limits: defaultLimits, log: new RecordingLogger(), clock: systemClock };
  return listenRawSocket({ ...terms, address: { unixPath } }, () => {});
}

describe('RawSocket server [advanced/transport_rawsocket]', () => {
  it('answers with the requested serializer and its own limit', async () => {
    await using server = new TestServer({ maxMessageSize: 1024 * 1024 });
    using peer = await server.connect();
    peer.send([0x7f, 0x01, 0, 0]);
    assert.deepEqual([...(await peer.read(4))], [0x7f, 0xb1, 0, 0]);
    const info = server.links[0]?.info;
    assert.deepEqual(
      { ...info, peer: '' },
      {
        ...{ transport: 'rawsocket', serializer: 'json', peer: '', address: '127.0.0.1', loopback: true },
        ...{ listener: 'listener', tls: false },
      },
    );
    assert.equal(info?.peer, `127.0.0.1:${peer.socket.localPort}`);
  });

  const refusals: readonly (readonly [string, readonly number[], number])[] = [
    ['serializer unsupported', [0x7f, 0xf5, 0, 0], 0x10],
    ['illegal serializer 0', [0x7f, 0xf0, 0, 0], 0x10],
    ['maximum message length unacceptable', [0x7f, 0x21, 0, 0], 0x20],
    ['use of reserved bits', [0x7f, 0xf1, 0, 1], 0x30],
  ];
  for (const [why, request, second] of refusals) {
    it(`refuses with an error and closes: ${why}`, async () => {
      await using server = new TestServer({}, { minPeerMessageSize: 4096 });
      using peer = await server.connect();
      peer.send(request, rawFrame(EVENT));
      assert.deepEqual([...(await peer.rest())], [0x7f, second, 0, 0]);
      assert.equal(server.links.length, 0);
    });
  }

  it('refuses with an error and closes: maximum connection count reached', async () => {
    await using server = new TestServer({ maxConnections: 2 });
    using first = (await server.shaken()).peer;
    using second = (await server.shaken()).peer;
    server.welcome();
    using third = await server.connect();
    third.send(JSON_16M);
    assert.deepEqual([...(await third.rest())], [0x7f, 0x40, 0, 0]);
    first.socket.destroy();
    await until('the first to be forgotten', () => server.receivers[0]?.closings.length === 1);
    using fourth = (await server.shaken()).peer;
    assert.deepEqual([second.ended, fourth.ended], [false, false]);
  });

  it('closes without an answer on another protocol', async () => {
    await using server = new TestServer();
    using peer = await server.connect();
    peer.send('GET / HTTP/1.1\r\n\r\n');
    assert.equal((await peer.rest()).length, 0);
  });

  it('accepts a handshake and frames byte by byte, and in one piece', async () => {
    await using server = new TestServer();
    const bytes = Buffer.concat([Buffer.from(JSON_16M), rawFrame(EVENT), rawFrame('[36,1,3,{},[6]]')]);
    using slow = await server.connect();
    for (const byte of bytes) {
      slow.send([byte]);
      await new Promise(setImmediate);
    }
    using fast = await server.connect();
    fast.send(bytes);
    await until('two links', () => server.receivers.length === 2);
    for (const receiver of server.receivers) assert.deepEqual(numbers(await receiver.received(2)), [5, 6]);
  });

  it('drops a client that does not finish its handshake in time', async () => {
    await using server = new TestServer({ handshakeTimeout: 5000 });
    using mute = await server.connect();
    using slow = await server.connect();
    slow.send([0x7f, 0xf1]);
    const { peer: known } = await server.shaken();
    server.clock.advance(4999);
    assert.deepEqual([mute.ended, slow.ended], [false, false]);
    server.clock.advance(1);
    await Promise.all([mute.rest(), slow.rest()]);
    assert.equal(known.ended, false);
    known[Symbol.dispose]();
  });

  it('answers each PING with a PONG of the same payload', async () => {
    await using server = new TestServer();
    const { peer } = await server.shaken();
    peer.send(rawFrame('are you there?', 1), rawFrame('', 1), rawFrame(new Uint8Array(70_000).fill(3), 1));
    assert.deepEqual(await peer.frame(), { first: 2, payload: Buffer.from('are you there?') });
    assert.deepEqual(await peer.frame(), { first: 2, payload: Buffer.alloc(0) });
    assert.deepEqual(await peer.frame(), { first: 2, payload: Buffer.alloc(70_000, 3) });
    // A PONG without a PING is ignored.
    peer.send(rawFrame('unasked', 2), rawFrame(EVENT));
    await server.receivers[0]?.received(1);
    peer[Symbol.dispose]();
  });

  it('sends a PING to a silent peer, and drops it without an answer', async () => {
    await using server = new TestServer({ heartbeat: { interval: 1000, timeout: 500 }, rawSocketPings: 'always' });
    const { peer, receiver } = await server.shaken();
    server.clock.advance(1000);
    const { first, payload } = await peer.frame();
    assert.equal(first, 1);
    // Autobahn|JS answers a PING without payload only when something else arrives.
    assert.ok(payload.length > 0);
    peer.send(rawFrame(payload, 2), rawFrame(EVENT));
    await receiver.received(1);
    server.clock.advance(500);
    assert.deepEqual(receiver.closings, []);
    server.clock.advance(1000);
    assert.equal((await peer.frame()).first, 1);
    server.clock.advance(500);
    assert.equal(await receiver.over(), 'the peer does not answer');
    await peer.rest();
  });

  it('sends PINGs only to peers that have sent one, unless configured otherwise', async () => {
    await using server = new TestServer({ heartbeat: { interval: 1000, timeout: 500 } });
    const { peer: shy, receiver } = await server.shaken();
    const { peer: asker, receiver: askers } = await server.shaken();
    asker.send(rawFrame('are you there?', 1));
    assert.equal((await asker.frame()).first, 2);
    server.clock.advance(1000);
    server.clock.advance(1000);
    assert.equal((await asker.frame()).first, 1);
    server.clock.advance(500);
    assert.equal(await askers.over(), 'the peer does not answer');
    server.clock.advance(60_000);
    shy.send(rawFrame(EVENT));
    await receiver.received(1);
    server.links[0]?.close('enough');
    assert.equal((await shy.rest()).length, 0);
    await using never = new TestServer({ heartbeat: { interval: 1000, timeout: 500 }, rawSocketPings: 'never' });
    const { peer } = await never.shaken();
    peer.send(rawFrame('are you there?', 1));
    assert.equal((await peer.frame()).first, 2);
    never.clock.advance(60_000);
    never.links[0]?.close('enough');
    assert.equal((await peer.rest()).length, 0);
  });

  it('receives and sends frames of exactly 2^24 bytes, with the X bit and length 0', async () => {
    await using server = new TestServer({ maxMessageSize: 2 ** 24 });
    const { peer, link, receiver } = await server.shaken();
    const text = 'x'.repeat(2 ** 24 - 16);
    const message = `[36,1,2,{},["${text}"]]`;
    assert.equal(message.length, 2 ** 24);
    peer.send([0x08, 0, 0, 0], message);
    const [event] = await receiver.received(1);
    assert.ok(event !== undefined);
    link.send(event);
    assert.deepEqual([...(await peer.read(4))], [0x08, 0, 0, 0]);
    assert.equal((await peer.read(2 ** 24)).toString('latin1'), message);
    // One byte less uses the other bits.
    peer.send([0, 0xff, 0xff, 0xff], message.replace('xx', 'x'));
    await receiver.received(2);
    peer.send([0x08, 0, 0, 1]);
    assert.match((await peer.rest()).toString(), /longer than 2\^24/);
  });

  it('refuses links beyond maxSessions, and accepts the next when one has closed', async () => {
    await using server = new TestServer({ maxSessions: 1 });
    const { peer: first } = await server.shaken();
    server.welcome();
    using second = await server.connect();
    second.send(JSON_16M);
    assert.deepEqual([...(await second.rest())], [0x7f, 0x40, 0, 0]);
    first.socket.destroy();
    await until('the first to be forgotten', () => server.receivers[0]?.closings.length === 1);
    const { peer: third } = await server.shaken();
    assert.equal(third.ended, false);
    third[Symbol.dispose]();
  });

  it('refuses connections beyond the limit of an address, and drops many more without an answer', async () => {
    await using server = new TestServer({ maxConnectionsPerAddress: 2 });
    const { peer: first } = await server.shaken();
    const { peer: second } = await server.shaken();
    const refused = await Promise.all(Array.from({ length: 8 }, () => server.connect()));
    const [third] = refused;
    assert.ok(third !== undefined);
    using beyond = await server.connect();
    assert.equal((await beyond.rest()).length, 0);
    // Another address of this machine has its own count.
    using other = await server.connect('127.0.0.2');
    other.send(JSON_16M);
    assert.equal((await other.read(4))[1], 0xb1);
    third.send(JSON_16M);
    assert.deepEqual([...(await third.rest())], [0x7f, 0x40, 0, 0]);
    for (const peer of [first, second, ...refused]) peer[Symbol.dispose]();
    // Pending connections have deadlines. No timer is left when all of them have been removed.
    await until('all to be forgotten', () => server.clock.timers === 0 && server.receivers[1]?.closings.length === 1);
    const { peer } = await server.shaken();
    assert.equal(peer.ended, false);
    peer[Symbol.dispose]();
  });

  it('gives the link the HELLO timeout of its listener', async () => {
    await using server = new TestServer({ helloTimeout: 1234 });
    const { peer, link } = await server.shaken();
    assert.equal(link.info.helloTimeout, 1234);
    peer[Symbol.dispose]();
  });

  for (const [what, limits] of [
    ['messages', { messageRate: { rate: 10, burst: 5 } }],
    ['bytes', { byteRate: { rate: 10 * EVENT.length, burst: 5 * EVENT.length } }],
  ] as const) {
    it(`reads a peer that sends more ${what} than its rate more slowly, and loses no message`, async () => {
      await using server = new TestServer(limits);
      const { peer, link, receiver } = await server.shaken();
      const { peer: other, receiver: others } = await server.shaken();
      const many = (count: number): Buffer => Buffer.concat(Array.from({ length: count }, () => rawFrame(EVENT)));
      peer.send(many(5));
      await receiver.received(5);
      assert.equal(link.counters.slowed, 0);
      // They arrive in one chunk, and the rest of the chunk waits: 20 more than the bucket contains, two seconds.
      peer.send(many(20));
      await receiver.received(6);
      assert.equal(link.counters.slowed, 1);
      for (let received = 6; received < 25; received++) {
        server.clock.advance(99);
        other.send(rawFrame(EVENT));
        await until('the other to be heard', () => others.messages.length === received - 5);
        assert.equal(receiver.messages.length, received);
        server.clock.advance(1);
        await receiver.received(received + 1);
      }
      // A peer is not dropped for its silence while reading is paused.
      peer[Symbol.dispose]();
      other[Symbol.dispose]();
    });
  }

  const violations: readonly (readonly [string, Uint8Array])[] = [
    ['a frame with reserved bits', rawFrame(EVENT, 0x10)],
    ['a frame of reserved type', rawFrame(EVENT, 3)],
    ['a frame over the limit', Buffer.from([0, 0, 2, 1])],
    ['a frame that is not a message', rawFrame('{"no":"message"}')],
    ['an empty frame', rawFrame('')],
  ];
  for (const [what, bytes] of violations) {
    it(`ABORTs and closes: ${what}`, async () => {
      await using server = new TestServer({ maxMessageSize: 512 });
      const { peer, receiver } = await server.shaken();
      peer.send(bytes, rawFrame(EVENT));
      const { first, payload } = await peer.frame();
      assert.equal(first, 0);
      const [type, , reason] = JSON.parse(payload.toString());
      assert.deepEqual([type, reason], [MessageType.Abort, ErrorUri.ProtocolViolation]);
      assert.equal((await peer.rest()).length, 0);
      await receiver.over();
      assert.deepEqual([receiver.messages.length, receiver.closings.length], [0, 1]);
    });
  }

  it('ABORTs a PING whose PONG is above the limit of the peer', async () => {
    await using server = new TestServer();
    const { peer } = await server.shaken(0x01);
    peer.send(rawFrame(new Uint8Array(513), 1));
    assert.match((await peer.rest()).toString(), /PING longer than the peer itself accepts/);
  });

  it('never sends a message above the limit of the peer: drops, counts and reports it', async () => {
    await using server = new TestServer();
    const { peer, link, receiver } = await server.shaken(0x01);
    const [fits, tooLarge] = [numbered(1, 'x'.repeat(400)), numbered(2, 'x'.repeat(600))];
    link.send(tooLarge);
    link.send(fits);
    const { payload } = await peer.frame();
    assert.match(payload.toString(), /"?x{400}/);
    assert.deepEqual(receiver.unsendables, [tooLarge]);
    assert.deepEqual([link.counters.dropped, link.counters.messagesOut], [1, 1]);
    assert.equal(server.log.at('debug').length, 1);
    assert.deepEqual(receiver.closings, []);
    // The answer to a request does not fit either, so the link closes.
    link.send({ type: MessageType.Challenge, method: 'ticket', extra: { long: 'x'.repeat(600) } });
    const { payload: abort } = await peer.frame();
    assert.deepEqual(JSON.parse(abort.toString()), [
      MessageType.Abort,
      { message: 'the message exceeds the limit of 512 bytes that the peer announced' },
      ErrorUri.PayloadSizeExceeded,
    ]);
    assert.match(await receiver.over(), /exceeds the limit of 512 bytes/);
    peer[Symbol.dispose]();
  });

  it('counts messages and bytes', async () => {
    await using server = new TestServer();
    const { peer, link, receiver } = await server.shaken();
    peer.send(rawFrame(EVENT), rawFrame(EVENT));
    await receiver.received(2);
    link.send(numbered(1));
    const { payload } = await peer.frame();
    assert.deepEqual(link.counters, {
      messagesIn: 2,
      messagesOut: 1,
      bytesIn: 2 * EVENT.length,
      bytesOut: payload.length,
      dropped: 0,
      slowed: 0,
    });
    peer[Symbol.dispose]();
  });

  it('drops a peer that sends PINGs and does not read', async () => {
    await using server = new TestServer();
    const { peer, receiver } = await server.shaken();
    peer.socket.pause();
    const ping = rawFrame(new Uint8Array(16 * 1024), 1);
    for (let i = 0; i < 3000 && receiver.closings.length === 0; i++) {
      peer.send(ping);
      await new Promise(setImmediate);
    }
    assert.match(await receiver.over(), /PINGs and does not read/);
    peer[Symbol.dispose]();
  });

  it('rejects with the code of the system if it cannot listen', async () => {
    const blocker = createServer();
    await new Promise<void>(resolve => blocker.listen(0, '127.0.0.1', resolve));
    const address = blocker.address();
    assert.ok(address !== null && typeof address === 'object');
    const terms = { name: 'devices', codecs, limits: defaultLimits, log: new RecordingLogger(), clock: systemClock };
    await assert.rejects(
      listenRawSocket({ ...terms, address: { host: '127.0.0.1', port: address.port } }, () => {}),
      { code: 'EADDRINUSE' },
    );
    await new Promise(resolve => blocker.close(resolve));
  });

  it('stops: refuses new connections, drops pending ones, waits for links, then destroys them', async () => {
    const clock = new FakeClock();
    const log = new RecordingLogger();
    const receiver = new RecordingReceiver();
    const listening = await listenRawSocket(
      { address: { host: '127.0.0.1', port: 0 }, name: 'devices', codecs, limits: defaultLimits, log, clock },
      link => link.open(receiver),
    );
    const target = { host: '127.0.0.1', port: listening.port };
    using known = await RawPeer.connect(target);
    known.send(JSON_16M);
    await known.read(4);
    using pendingPeer = await RawPeer.connect(target);
    pendingPeer.send([0x7f]);
    await until('the pending connection', () => clock.timers === 1);
    let gone = false;
    const closing = listening[Symbol.asyncDispose]().then(() => {
      gone = true;
    });
    await pendingPeer.rest();
    await assert.rejects(RawPeer.connect(target), { code: 'ECONNREFUSED' });
    known.send(rawFrame(EVENT));
    await receiver.received(1);
    assert.equal(gone, false);
    clock.advance(defaultLimits.closeGrace);
    await closing;
    await known.rest();
    await receiver.over();
    assert.equal(clock.timers, 0);
  });

  it('listens on a Unix socket, for its owner only, replaces an abandoned one, and removes it', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'wampway-unix-'));
    const unixPath = join(folder, 'socket');
    const first = await listening(unixPath);
    assert.equal(first.address, `unix:${unixPath}`);
    assert.equal(statSync(unixPath).mode & 0o777, 0o600);
    await assert.rejects(listening(unixPath), { code: 'EADDRINUSE' });
    await first[Symbol.asyncDispose]();
    assert.equal(existsSync(unixPath), false);
    const dies = `require('net').createServer().listen(${JSON.stringify(unixPath)}, () => process.kill(process.pid, 9))`;
    spawnSync(process.execPath, ['-e', dies]);
    assert.equal(existsSync(unixPath), true, 'the dead process has left its socket file');
    await (await listening(unixPath))[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true });
  });
});
