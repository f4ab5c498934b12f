import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { describe, it } from 'node:test';
import { type ClientOptions, WebSocket } from 'ws';
import { jsonCodec } from '../../src/codec/json/json-codec.ts';
import type { Codec } from '../../src/codec/message/codec.ts';
import { defaultLimits, type TransportLimits } from '../../src/transport/endpoint/limits.ts';
import { listenWeb, type WebServerOptions } from '../../src/transport/web-server.ts';
import { CloseUri, ErrorUri } from '../../src/wamp/errors.ts';
import { MessageType } from '../../src/wamp/messages/message-type.ts';
import { Payload } from '../../src/wamp/payload.ts';
import { numbered, numbers } from '../support/link-compliance.ts';
import { LinkListener } from '../support/link-listener.ts';
import { rawFrame } from '../support/raw-peer.ts';
import { until } from '../support/until.ts';

const EVENT = '[36,1,2,{},[5]]';
const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';

/** JSON in binary frames, to test the other kind of frame without another codec. */
const binaryJson: Codec = {
  name: 'cbor',
  binary: true,
  subprotocol: 'wamp.2.cbor',
  rawSocketId: 3,
  format: jsonCodec.format,
  encode: message => jsonCodec.encode(message),
  decode: frame => jsonCodec.decode(frame),
};

class TestServer extends LinkListener {
  constructor(limits: Partial<TransportLimits> = {}, more: Partial<WebServerOptions> = {}) {
    super((terms, accept) => listenWeb({ ...terms, ...more }, accept), limits);
  }

  /** An open WebSocket. */
  async webSocket(options: ClientOptions = {}, protocols = ['wamp.2.json']): Promise<Client> {
    const client = new Client(new WebSocket(`ws://127.0.0.1:${await this.port()}/ws`, protocols, options));
    await client.opened;
    return client;
  }

  /** The whole answer to an upgrade with these headers. */
  async refusal(path: string, ...headers: readonly string[]): Promise<string> {
    using peer = await this.connect();
    peer.send(upgrade(path, ...headers));
    return (await peer.rest()).toString();
  }
}

/** A WebSocket client of another implementation. */
class Client implements Disposable {
  readonly socket: WebSocket;
  readonly opened: Promise<void>;
  readonly frames: { text: string; binary: boolean }[] = [];
  readonly pings: string[] = [];
  readonly pongs: string[] = [];
  closed: { code: number; reason: string } | undefined;

  constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on('message', (data, binary) => this.frames.push({ text: String(data), binary }));
    socket.on('ping', data => this.pings.push(data.toString()));
    socket.on('pong', data => this.pongs.push(data.toString()));
    socket.on('close', (code, reason) => {
      this.closed = { code, reason: reason.toString() };
    });
    this.opened = new Promise((resolve, reject) => {
      socket.once('open', resolve);
      socket.on('error', reject);
    });
  }

  over(): Promise<{ code: number; reason: string }> {
    return until('the WebSocket to close', () => this.closed);
  }

  [Symbol.dispose](): void {
    this.socket.terminate();
  }
}

function upgrade(path: string, ...headers: readonly string[]): string {
  return [
    `GET ${path} HTTP/1.1`,
    'Host: 127.0.0.1',
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    `Sec-WebSocket-Key: ${KEY}`,
    ...headers,
    '\r\n',
  ].join('\r\n');
}

describe('web server: WebSocket', () => {
  it('selects the first supported subprotocol that is offered, also if the header is repeated', async () => {
    await using server = new TestServer({}, { codecs: [jsonCodec, binaryJson] });
    const offers: readonly (readonly [readonly string[], string])[] = [
      [['wamp.2.json'], 'wamp.2.json'],
      [['soap, wamp.2.cbor, wamp.2.json'], 'wamp.2.cbor'],
      [['wamp.2.msgpack', 'wamp.2.json', 'wamp.2.cbor'], 'wamp.2.json'],
      [['wamp.2.cbor', 'wamp.2.cbor'], 'wamp.2.cbor'],
      [['wamp.2.flatbuffers, soap', '', 'mqtt,wamp.2.cbor', 'wamp.2.json'], 'wamp.2.cbor'],
    ];
    for (const [values, expected] of offers) {
      using peer = await server.connect();
      peer.send(upgrade('/ws', ...values.map(value => `Sec-WebSocket-Protocol: ${value}`)));
      const link = await until('a link', () => server.links.shift());
      assert.equal(`wamp.2.${link.info.serializer}`, expected);
      const answer = await peer.head();
      assert.match(answer, /^HTTP\/1.1 101 /);
      assert.match(answer, /Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=/);
      assert.match(answer, new RegExp(`Sec-WebSocket-Protocol: ${expected}`));
    }
  });

  it('refuses with 400 without a common subprotocol, and lists the supported ones', async () => {
    await using server = new TestServer({}, { codecs: [jsonCodec] });
    for (const header of ['Sec-WebSocket-Protocol: wamp.2.flatbuffers, soap', 'X-None: none']) {
      const text = await server.refusal('/ws', header);
      assert.match(text, /^HTTP\/1.1 400 /);
      assert.match(text, /Offer one of: wamp\.2\.json, wamp\.2\.json\.batched\n$/);
    }
    assert.equal(server.links.length, 0);
  });

  it('accepts WebSockets on its paths, and answers other paths with 404', async () => {
    await using server = new TestServer();
    const protocol = 'Sec-WebSocket-Protocol: wamp.2.json';
    for (const path of ['/ws', '/', '/ws?token=1']) {
      using peer = await server.connect();
      peer.send(upgrade(path, protocol));
      assert.match((await peer.read(12)).toString(), /101$/, path);
    }
    for (const path of ['/wss', '/ws/', '//ws', '/other']) {
      assert.match(await server.refusal(path, protocol), /^HTTP\/1.1 404 [\s\S]*Try \/ws or \/\n$/, path);
    }
  });

  it('refuses other upgrades, and invalid ones', async () => {
    await using server = new TestServer();
    using peer = await server.connect();
    peer.send('GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n');
    assert.match((await peer.rest()).toString(), /^HTTP\/1.1 400 /);
    using keyless = await server.connect();
    keyless.send(upgrade('/ws', 'Sec-WebSocket-Protocol: wamp.2.json').replace(KEY, 'short'));
    assert.match((await keyless.rest()).toString(), /^HTTP\/1.1 400 /);
    assert.equal(server.links.length, 0);
  });

  it('refuses pages of other origins, by its own check or a given one', async () => {
    const protocol = 'Sec-WebSocket-Protocol: wamp.2.json';
    await using server = new TestServer();
    assert.match(await server.refusal('/ws', protocol, 'Origin: http://evil.example'), /^HTTP\/1.1 403 /);
    using page = await server.webSocket({ origin: 'http://localhost:8080' });
    assert.equal(page.socket.protocol, 'wamp.2.json');
    await using strict = new TestServer({}, { checkOrigin: ({ origin }) => origin === 'https://a.example' });
    using allowed = await strict.webSocket({ origin: 'https://a.example' });
    assert.equal(allowed.socket.protocol, 'wamp.2.json');
    assert.match(await strict.refusal('/ws', protocol), /^HTTP\/1.1 403 /);
  });

  it('gives the link the address and the headers of its peer', async () => {
    await using server = new TestServer();
    using client = await server.webSocket({ headers: { Cookie: 'a=b', 'X-Device': 'd1' } });
    const info = server.links[0]?.info;
    assert.equal(client.socket.protocol, 'wamp.2.json');
    assert.deepEqual(
      [info?.transport, info?.serializer, info?.loopback, info?.listener, info?.tls],
      ['websocket', 'json', true, 'listener', false],
    );
    assert.match(info?.peer ?? '', /^127\.0\.0\.1:\d+$/);
    assert.deepEqual([info?.headers?.['cookie'], info?.headers?.['x-device']], ['a=b', 'd1']);
  });

  it('sends JSON in text frames and other serializers in binary frames', async () => {
    await using server = new TestServer({}, { codecs: [jsonCodec, binaryJson] });
    for (const [protocol, binary] of [
      ['wamp.2.json', false],
      ['wamp.2.cbor', true],
    ] as const) {
      using client = await server.webSocket({}, [protocol]);
      client.socket.send(Buffer.from(EVENT), { binary });
      assert.deepEqual(numbers((await server.receivers.at(-1)?.received(1)) ?? []), [5]);
      server.links.at(-1)?.send(numbered(1));
      const [frame] = await until('a frame', () => client.frames.length > 0 && client.frames);
      assert.equal(frame?.binary, binary);
    }
  });

  for (const [protocol, binary] of [
    ['wamp.2.cbor', false],
    ['wamp.2.json', true],
  ] as const) {
    it(`ABORTs a ${binary ? 'binary' : 'text'} frame on ${protocol}, and closes with 1002`, async () => {
      await using server = new TestServer({}, { codecs: [jsonCodec, binaryJson] });
      using client = await server.webSocket({}, [protocol]);
      client.socket.send(Buffer.from(EVENT), { binary });
      client.socket.send(Buffer.from(EVENT), { binary: !binary });
      assert.equal((await client.over()).code, 1002);
      assert.equal(client.frames.length, 1);
      const [type, , reason] = JSON.parse(client.frames[0]?.text ?? '');
      assert.deepEqual([type, reason], [MessageType.Abort, ErrorUri.ProtocolViolation]);
      assert.equal(server.receivers[0]?.messages.length, 0);
    });
  }

  it('closes with 1009 on a message over the limit, and accepts one at the limit', async () => {
    await using server = new TestServer({ maxMessageSize: 1000 });
    using client = await server.webSocket();
    const message = (size: number): string => `[36,1,2,{},["${'x'.repeat(size - 16)}"]]`;
    assert.equal(message(1000).length, 1000);
    client.socket.send(message(1000));
    await server.receivers[0]?.received(1);
    client.socket.send(message(1001));
    assert.equal((await client.over()).code, 1009);
    await server.receivers[0]?.over();
    assert.equal(server.receivers[0]?.messages.length, 1);
  });

  it('closes with 1002 on invalid frames and 1007 on invalid UTF-8', async () => {
    await using server = new TestServer();
    const broken: readonly (readonly [number[], number])[] = [
      [[0x83, 0x80, 0, 0, 0, 0], 1002],
      [[0xc1, 0x80, 0, 0, 0, 0], 1002],
      [[0x81, 0x01, 0x41], 1002],
      [[0x81, 0x81, 0, 0, 0, 0, 0xff], 1007],
    ];
    for (const [bytes, code] of broken) {
      using peer = await server.connect();
      peer.send(upgrade('/ws', 'Sec-WebSocket-Protocol: wamp.2.json'));
      await peer.head();
      const receiver = await until('a link', () => server.receivers.shift());
      peer.send(bytes);
      const frame = await peer.read(4);
      assert.deepEqual([frame[0], frame.readUInt16BE(2)], [0x88, code]);
      assert.match(await receiver.over(), /WebSocket failed/);
      assert.equal(receiver.closings.length, 1);
      peer.socket.end();
      await peer.rest();
    }
  });

  it('closes with 1000, and with 1001 when it shuts down', async () => {
    await using server = new TestServer();
    using normal = await server.webSocket();
    server.links[0]?.close('done with you');
    assert.deepEqual(await normal.over(), { code: 1000, reason: 'done with you' });
    using shut = await server.webSocket();
    const goodbye = { type: MessageType.Goodbye, details: {}, reason: CloseUri.SystemShutdown, payload: Payload.empty };
    server.links[1]?.send(goodbye);
    server.links[1]?.close('grün '.repeat(100));
    const { code, reason } = await shut.over();
    assert.equal(code, 1001);
    assert.match(reason, /^(grün )+gr?ü?n?$/);
  });

  it('answers PINGs, and sends PINGs to a silent peer', async () => {
    await using server = new TestServer({ heartbeat: { interval: 1000, timeout: 500 } });
    using client = await server.webSocket();
    client.socket.ping('hello');
    await until('a pong', () => client.pongs.includes('hello'));
    server.clock.advance(1000);
    server.clock.advance(1000);
    await until('a ping', () => client.pings.length > 0);
    // The `ws` package answers by itself. Wait until its PONG has arrived.
    client.socket.send(EVENT);
    await server.receivers[0]?.received(1);
    server.clock.advance(500);
    assert.deepEqual(server.receivers[0]?.closings, []);
    using mute = await server.connect();
    mute.send(upgrade('/ws', 'Sec-WebSocket-Protocol: wamp.2.json'));
    const receiver = await until('a link', () => server.receivers[1]);
    server.clock.advance(1000);
    server.clock.advance(500);
    assert.equal(await receiver.over(), 'the peer does not answer');
  });

  it('drops a peer that sends PINGs and does not read', async () => {
    await using server = new TestServer();
    using peer = await server.connect();
    peer.send(upgrade('/ws', 'Sec-WebSocket-Protocol: wamp.2.json'));
    const receiver = await until('a link', () => server.receivers[0]);
    peer.socket.pause();
    const ping = Buffer.alloc(131, 'x');
    ping.set([0x89, 0x80 | 125, 0, 0, 0, 0]);
    const many = Buffer.concat(Array.from({ length: 500 }, () => ping));
    for (let i = 0; i < 3000 && receiver.closings.length === 0; i++) {
      peer.send(many);
      await new Promise(setImmediate);
    }
    assert.match(await receiver.over(), /PINGs and does not read/);
  });

  it('keeps a peer that sends a burst of PINGs and reads the answers', async () => {
    await using server = new TestServer();
    using peer = await server.connect();
    peer.send(upgrade('/ws', 'Sec-WebSocket-Protocol: wamp.2.json'));
    await peer.head();
    const ping = Buffer.of(0x89, 0x81, 0, 0, 0, 0, 0x78);
    const count = 40_000;
    peer.send(Buffer.concat(Array.from({ length: count }, () => ping)));
    assert.deepEqual([...(await peer.read(3 * count)).subarray(-3)], [0x8a, 1, 0x78]);
    assert.deepEqual(server.receivers[0]?.closings, []);
  });
});

describe('web server: one port for all', () => {
  it('selects RawSocket or HTTP by the first octet', async () => {
    await using server = new TestServer(
      {},
      { onRequest: (request, response) => response.end(`you asked for ${request.url}`) },
    );
    using raw = await server.connect();
    raw.send([0x7f, 0xf1, 0, 0], rawFrame(EVENT));
    assert.deepEqual([...(await raw.read(4))], [0x7f, 0xb1, 0, 0]);
    assert.deepEqual(numbers((await server.receivers[0]?.received(1)) ?? []), [5]);
    assert.equal(server.links[0]?.info.transport, 'rawsocket');
    const response = await fetch(`http://127.0.0.1:${await server.port()}/page`);
    assert.equal(await response.text(), 'you asked for /page');
    using slow = await server.connect();
    for (const byte of Buffer.from('GET /slow HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')) {
      slow.send([byte]);
      await new Promise(setImmediate);
    }
    assert.match((await slow.rest()).toString(), /you asked for \/slow/);
  });

  it('accepts no RawSocket connection if it is disabled', async () => {
    await using server = new TestServer({}, { rawSocket: false });
    using peer = await server.connect();
    peer.send([0x7f, 0xf1, 0, 0]);
    assert.match((await peer.rest()).toString(), /^HTTP\/1.1 400 /);
    assert.equal(server.links.length, 0);
  });

  it('answers invalid HTTP with 400 and continues', async () => {
    await using server = new TestServer({}, { onRequest: (_request, response) => response.end('ok') });
    for (const garbage of [
      '\0\0\0\0\r\n\r\n',
      '{"hello":1}\r\n\r\n',
      'GET / HTTP/9.9\r\n\r\n',
      `GET /${'x'.repeat(99_999)}`,
    ]) {
      using peer = await server.connect();
      peer.send(garbage);
      assert.match((await peer.rest()).toString(), /^HTTP\/1.1 4\d\d /, garbage.slice(0, 20));
    }
    const response = await fetch(`http://127.0.0.1:${await server.port()}/`);
    assert.equal(await response.text(), 'ok');
  });

  it('answers 404 without a request handler, and 500 if the handler throws', async () => {
    await using empty = new TestServer();
    assert.equal((await fetch(`http://127.0.0.1:${await empty.port()}/`)).status, 404);
    await using failing = new TestServer(
      {},
      {
        onRequest: () => {
          throw new Error('a bug of ours');
        },
      },
    );
    const response = await fetch(`http://127.0.0.1:${await failing.port()}/`);
    assert.equal(response.status, 500);
    assert.doesNotMatch(await response.text(), /a bug of ours/);
    assert.equal(failing.log.at('error').length, 1);
  });

  it('drops clients that send nothing, send a request slowly, or idle after one', async () => {
    await using server = new TestServer(
      { handshakeTimeout: 5000 },
      { onRequest: (_request, response) => response.end() },
    );
    using mute = await server.connect();
    using dribbler = await server.connect();
    dribbler.send('GET / HTTP/1.1\r\nX-Slow: ');
    using idler = await server.connect();
    server.clock.advance(4000);
    idler.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    assert.match((await idler.read(12)).toString(), /200$/);
    dribbler.send('1');
    server.clock.advance(1000);
    await Promise.all([mute.rest(), dribbler.rest()]);
    assert.equal(idler.ended, false);
    idler.send('GET / HTTP/1.1\r\nX-Slow: ');
    server.clock.advance(4000);
    await idler.rest();
  });

  it('ends the deadline of a connection that becomes a link after a request', async () => {
    let late: ServerResponse | undefined;
    await using server = new TestServer(
      {},
      {
        onRequest: (_request, response) => {
          late = response;
        },
      },
    );
    using peer = await server.connect();
    peer.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n', upgrade('/ws', 'Sec-WebSocket-Protocol: wamp.2.json'));
    const receiver = await until('a link', () => server.receivers[0]);
    const response = await until('the request', () => late);
    response.end();
    await until('the response to be over', () => response.closed);
    server.clock.advance(defaultLimits.handshakeTimeout);
    peer.send([0x81, 0x80 | EVENT.length, 0, 0, 0, 0], EVENT);
    await receiver.received(1);
  });

  it('drops a request that is not answered in time', async () => {
    let asked = 0;
    const onRequest = (): void => {
      asked++;
    };
    await using server = new TestServer({ requestTimeout: 60_000 }, { onRequest });
    using peer = await server.connect();
    peer.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await until('the request', () => asked === 1);
    server.clock.advance(59_999);
    assert.equal(peer.ended, false);
    server.clock.advance(1);
    await peer.rest();
  });

  it('answers surplus connections with 503 or RawSocket error 4', async () => {
    await using server = new TestServer(
      { maxConnections: 1 },
      { onRequest: (_request, response) => response.end('ok') },
    );
    using client = await server.webSocket();
    server.welcome();
    assert.equal((await fetch(`http://127.0.0.1:${await server.port()}/`)).status, 503);
    const text = await server.refusal('/ws', 'Sec-WebSocket-Protocol: wamp.2.json');
    assert.match(text, /^HTTP\/1.1 503 /);
    using raw = await server.connect();
    raw.send([0x7f, 0xf1, 0, 0]);
    assert.deepEqual([...(await raw.rest())], [0x7f, 0x40, 0, 0]);
    assert.equal(client.closed, undefined);
  });
});
