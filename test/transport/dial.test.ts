import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { createServer, type Server, type Socket } from 'node:net';
import { describe, it } from 'node:test';
import { systemClock } from '../../src/base/clock.ts';
import { codecs } from '../../src/codec/codecs.ts';
import { jsonCodec } from '../../src/codec/json/json-codec.ts';
import type { Link } from '../../src/link/link.ts';
import { dial } from '../../src/transport/dial.ts';
import { DialError } from '../../src/transport/endpoint/dial-error.ts';
import { defaultLimits } from '../../src/transport/endpoint/limits.ts';
import type { Listening } from '../../src/transport/endpoint/listening.ts';
import { listenRawSocket } from '../../src/transport/rawsocket-server.ts';
import { listenWeb } from '../../src/transport/web-server.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { numbered, numbers } from '../support/link-compliance.ts';
import { RawPeer, rawFrame } from '../support/raw-peer.ts';
import { RecordingLogger } from '../support/recording-logger.ts';
import { RecordingReceiver } from '../support/recording-receiver.ts';
import { testCertificate, testKey } from '../support/tls-fixture.ts';
import { until } from '../support/until.ts';

const codec = jsonCodec;

/** A server that gives each connection to the test. */
async function stub(onSocket: (socket: Socket) => void): Promise<{ port: number } & AsyncDisposable> {
  const sockets: Socket[] = [];
  const server: Server = createServer(socket => {
    sockets.push(socket);
    socket.on('error', () => {});
    onSocket(socket);
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  return {
    port: address.port,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise(resolve => server.close(resolve));
    },
  };
}

async function failure(url: string, options: Partial<Parameters<typeof dial>[1]> = {}): Promise<DialError> {
  const error = await dial(url, { codec, ...options }).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof DialError, String(error));
  return error;
}

describe('dial', () => {
  it('reports the URL and the reason if it cannot connect', async () => {
    const closed = await stub(() => {});
    await closed[Symbol.asyncDispose]();
    const { port } = closed;
    for (const scheme of ['tcp', 'ws', 'http']) {
      const error = await failure(`${scheme}://127.0.0.1:${port}`);
      assert.equal(
        error.message,
        `cannot connect to ${scheme}://127.0.0.1:${port}: connection refused: is the gateway running?`,
      );
      assert.equal(error.code, 'ECONNREFUSED');
    }
    assert.equal((await failure(`tcp://localhost:${port}`)).code, 'ECONNREFUSED');
    assert.match((await failure('unix:///no/such/socket')).message, /the socket file does not exist/);
  });

  it('reports the problem of an invalid URL', async () => {
    for (const [url, text] of [
      ['nonsense', /not a URL/],
      ['mqtt://127.0.0.1:1883', /Use ws:/],
      ['tcp://127.0.0.1', /host or port is missing/],
      ['tcp://', /not a URL|host or port/],
    ] as const) {
      assert.match((await failure(url)).message, text);
    }
  });

  const replies: readonly (readonly [readonly number[], RegExp])[] = [
    [[0x7f, 0x10, 0, 0], /the router refused: serializer unsupported/],
    [[0x7f, 0x40, 0, 0], /the router refused: maximum connection count reached/],
    [[0x7f, 0xf3, 0, 0], /another serializer/],
    [[0x48, 0x54, 0x54, 0x50], /not a RawSocket router/],
    [[], /closed during the handshake/],
  ];
  for (const [reply, text] of replies) {
    it(`reports the meaning of RawSocket reply [${reply}] [advanced/transport_rawsocket]`, async () => {
      await using server = await stub(socket => socket.once('data', () => socket.end(Uint8Array.from(reply))));
      assert.match((await failure(`tcp://127.0.0.1:${server.port}`)).message, text);
    });
  }

  it('announces its own limit, and respects the limit of the router [advanced/transport_rawsocket]', async () => {
    let peer: RawPeer | undefined;
    await using server = await stub(socket => {
      peer = RawPeer.of(socket);
    });
    const url = `tcp://127.0.0.1:${server.port}`;
    const dialling = dial(url, { codec, maxMessageSize: 4096 });
    const router = await until('the connection', () => peer);
    assert.deepEqual([...(await router.read(4))], [0x7f, 0x31, 0, 0]);
    // The reply byte by byte, then the first frame at once.
    for (const byte of [0x7f, 0x01, 0, 0, ...rawFrame('[36,1,1,{},[7]]')]) {
      router.send([byte]);
      await new Promise(setImmediate);
    }
    const link = await dialling;
    const receiver = new RecordingReceiver();
    link.open(receiver);
    assert.deepEqual(numbers(await receiver.received(1)), [7]);
    link.send(numbered(1, 'x'.repeat(600)));
    link.send(numbered(2));
    assert.match((await router.frame()).payload.toString(), /^\[36,1,3,/);
    router.send([0, 0, 0x10, 0x01]);
    await receiver.over();
  });

  it('loses no frame that arrives together with the answer to the upgrade', async () => {
    await using server = await stub(socket => {
      socket.once('data', request => {
        const key = /sec-websocket-key: (\S+)/i.exec(request.toString())?.[1] ?? '';
        const proof = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
        const head = [
          'HTTP/1.1 101 Switching Protocols',
          'Upgrade: websocket',
          'Connection: Upgrade',
          'Sec-WebSocket-Protocol: wamp.2.json',
          `Sec-WebSocket-Accept: ${proof}`,
        ];
        const event = Buffer.from('[36,1,1,{},[7]]');
        const frame = Buffer.concat([Buffer.of(0x81, event.length), event]);
        socket.write(Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), frame]));
      });
    });
    const link = await dial(`ws://127.0.0.1:${server.port}`, { codec });
    const receiver = new RecordingReceiver();
    link.open(receiver);
    assert.deepEqual(numbers(await receiver.received(1)), [7]);
  });

  it('quotes the text with which a WebSocket server refuses', async () => {
    await using web = await listenWeb(
      {
        address: { host: '127.0.0.1', port: 0 },
        name: 'web',
        codecs: [],
        limits: defaultLimits,
        log: new RecordingLogger(),
        clock: systemClock,
      },
      () => {},
    );
    const { message } = await failure(`ws://127.0.0.1:${web.port}/ws`);
    assert.match(message, /the server answered 400 Bad Request: None of the offered WebSocket subprotocols/);
    assert.match(
      (await failure(`ws://127.0.0.1:${web.port}/other`)).message,
      /404 Not Found: This path accepts no WebSocket/,
    );
  });

  for (const scheme of ['tcp', 'ws']) {
    it(`stops connecting to ${scheme} if aborted, after the timeout, and if aborted before`, async () => {
      const ended: boolean[] = [];
      await using server = await stub(socket => {
        socket.resume();
        socket.on('close', () => ended.push(true));
      });
      const url = `${scheme}://127.0.0.1:${server.port}`;
      const abort = new AbortController();
      const aborted = failure(url, { signal: abort.signal });
      const clock = new FakeClock();
      const slow = failure(url, { clock, timeout: 5000 });
      setImmediate(() => abort.abort());
      assert.match((await aborted).message, /aborted/);
      clock.advance(5000);
      assert.match((await slow).message, /no answer within 5000 ms/);
      assert.match((await failure(url, { signal: abort.signal })).message, /aborted/);
      await until('the connections to be closed', () => ended.length === 2);
      assert.equal(clock.timers, 0);
    });
  }

  it('fills in the properties of its link', async () => {
    await using server = await stub(socket => socket.once('data', () => socket.write(Uint8Array.of(0x7f, 0xf1, 0, 0))));
    const { info } = await dial(`tcp://127.0.0.1:${server.port}`, { codec });
    assert.deepEqual(info, {
      transport: 'rawsocket',
      serializer: 'json',
      peer: `127.0.0.1:${server.port}`,
      address: '127.0.0.1',
      loopback: true,
      listener: 'dialled',
      tls: false,
    });
  });
});

describe('TLS', () => {
  async function listen(kind: 'web' | 'raw', accept: (link: Link) => void): Promise<Listening> {
    const options = {
      address: { host: '127.0.0.1', port: 0 },
      name: kind,
      codecs,
      limits: { ...defaultLimits, closeGrace: 300 },
      tls: { key: testKey, cert: testCertificate },
      log: new RecordingLogger(),
      clock: systemClock,
    };
    return kind === 'web' ? listenWeb(options, accept) : listenRawSocket(options, accept);
  }

  for (const [scheme, kind] of [
    ['wss', 'web'],
    ['tcps', 'web'],
    ['tcps', 'raw'],
  ] as const) {
    it(`carries ${scheme} to a ${kind} listener, checks the certificate, and closes`, async () => {
      const accepted: Link[] = [];
      await using server = await listen(kind, link => accepted.push(link));
      const url = `${scheme}://127.0.0.1:${server.port}`;
      assert.match((await failure(url)).message, /self-signed/);
      assert.equal(accepted.length, 0);
      const link = await dial(url, { codec, tls: { ca: testCertificate } });
      const far = await until('the link', () => accepted[0]);
      assert.deepEqual([link.info.tls, far.info.tls, far.info.loopback], [true, true, true]);
      const [atNear, atFar] = [new RecordingReceiver(), new RecordingReceiver()];
      link.open(atNear);
      far.open(atFar);
      link.send(numbered(1, 'x'.repeat(200_000)));
      far.send(numbered(2, 'x'.repeat(200_000)));
      for (let i = 3; i < 500; i++) far.send(numbered(i));
      assert.deepEqual(numbers(await atFar.received(1)), [1]);
      assert.deepEqual(
        numbers(await atNear.received(498)),
        Array.from({ length: 498 }, (_, i) => i + 2),
      );
      far.close('done');
      await Promise.all([atNear.over(), atFar.over()]);
    });
  }

  it('stops while clients are connected', async () => {
    const server = await listen('web', () => {});
    const target = { host: '127.0.0.1', port: server.port };
    using mute = await RawPeer.connect(target);
    const link = await dial(`wss://127.0.0.1:${server.port}`, { codec, tls: { ca: testCertificate } });
    const receiver = new RecordingReceiver();
    link.open(receiver);
    await server[Symbol.asyncDispose]();
    await Promise.all([mute.rest(), receiver.over()]);
  });

  it('survives a client that does not use TLS', async () => {
    await using server = await listen('web', () => {});
    using peer = await RawPeer.connect({ host: '127.0.0.1', port: server.port });
    peer.send('GET / HTTP/1.1\r\n\r\n');
    await peer.rest();
    const link = await dial(`wss://127.0.0.1:${server.port}`, { codec, tls: { ca: testCertificate } });
    link.close('done');
  });
});
