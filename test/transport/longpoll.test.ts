import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decode as decodeMsgPack, encode as encodeMsgPack } from '@msgpack/msgpack';
import { defaultLimits, type TransportLimits } from '../../src/transport/endpoint/limits.ts';
import { originCheck } from '../../src/transport/guard/origin.ts';
import { listenWeb } from '../../src/transport/web-server.ts';
import { ErrorUri, ProtocolViolation } from '../../src/wamp/errors.ts';
import { numbered, numbers } from '../support/link-compliance.ts';
import { LinkListener } from '../support/link-listener.ts';
import { RawPeer } from '../support/raw-peer.ts';
import { until } from '../support/until.ts';

const EVENT = '[36,1,2,{},[5]]';

/** A listener with long-poll under `/lp`, and a client that uses `fetch`. */
class LongPollServer extends LinkListener {
  readonly #hold: number;

  constructor(limits: Partial<TransportLimits> = {}) {
    const more = { longPoll: '/lp', checkOrigin: originCheck(['https://home.example']) };
    super((terms, accept) => listenWeb({ ...terms, ...more }, accept), limits);
    this.#hold = (limits.longPoll ?? defaultLimits.longPoll).hold;
  }

  /** Whether a receive waits for a message: only then its timer runs. */
  get isHolding(): boolean {
    return this.clock.isWaiting(this.#hold);
  }

  holding(): Promise<boolean> {
    return until('the receive is held', () => this.isHolding);
  }

  async post(path: string, body?: string | Uint8Array, headers: Record<string, string> = {}): Promise<Response> {
    const init = { method: 'POST', headers, ...(body !== undefined && { body: Buffer.from(body) }) };
    return fetch(`http://127.0.0.1:${await this.port()}/lp/${path}`, init);
  }

  /** Opens a transport and returns its id. */
  async open(...protocols: readonly string[]): Promise<string> {
    const offered = protocols.length === 0 ? ['wamp.2.json'] : protocols;
    const response = await this.post('open', JSON.stringify({ protocols: offered }));
    assert.equal(response.status, 200);
    const { transport } = (await response.json()) as { transport: string };
    return transport;
  }
}

async function text(response: Promise<Response>, status = 200): Promise<string> {
  const answer = await response;
  const body = await answer.text();
  assert.equal(answer.status, status, body);
  return body;
}

describe('long-poll [advanced/transport_http_longpoll]', () => {
  it('opens with the first supported protocol that is offered, and an id that cannot be guessed', async () => {
    await using server = new LongPollServer();
    const response = await server.post(
      'open?x=382913',
      '{"protocols":["wamp.2.flatbuffers","wamp.2.cbor","wamp.2.json"]}',
    );
    assert.equal(response.headers.get('content-type'), 'application/json; charset=utf-8');
    assert.equal(response.headers.get('cache-control'), 'no-store');
    const { protocol, transport, ...rest } = (await response.json()) as Record<string, string>;
    assert.deepEqual([protocol, rest], ['wamp.2.cbor', {}]);
    assert.match(transport ?? '', /^[\w-]{32}$/);
    assert.notEqual(await server.open(), transport);
    const { info } = server.links[0] ?? assert.fail();
    assert.deepEqual([info.transport, info.serializer, info.loopback, info.tls], ['longpoll', 'cbor', true, false]);
    assert.equal(typeof info.headers?.['host'], 'string');
  });

  for (const [what, body, explanation] of [
    ['no supported protocol', '{"protocols":["wamp.2.flatbuffers"]}', /wamp\.2\.cbor\.batched/],
    ['an empty list', '{"protocols":[]}', /Offer one of/],
    ['no protocols', '{"protocol":"wamp.2.json"}', /has to be a dictionary/],
    ['names that are not strings', '{"protocols":[1]}', /has to be a dictionary/],
    ['a list', '["wamp.2.json"]', /has to be a dictionary/],
    ['text that is not JSON', 'wamp.2.json', /has to be a dictionary/],
    ['an empty body', '', /has to be a dictionary/],
    ['a body that is too long', `{"protocols":["${'x'.repeat(5000)}"]}`, /has to be a dictionary/],
  ] as const) {
    it(`refuses to open with ${what}`, async () => {
      await using server = new LongPollServer();
      assert.match(await text(server.post('open', body), 400), explanation);
      assert.equal(server.links.length, 0);
    });
  }

  it('answers a send with 202 without a body, and delivers its message', async () => {
    await using server = new LongPollServer();
    const id = await server.open();
    const sent = await server.post(`${id}/send?x=1`, EVENT);
    assert.deepEqual([sent.status, await sent.text()], [202, '']);
    assert.deepEqual(numbers(await server.receiver.received(1)), [5]);
  });

  it('answers a receive with one message, in order, and holds it while none waits', async () => {
    await using server = new LongPollServer();
    const id = await server.open();
    server.link.send(numbered(1));
    server.link.send(numbered(2));
    const first = await server.post(`${id}/receive`);
    assert.equal(first.headers.get('content-type'), 'application/json; charset=utf-8');
    assert.deepEqual(
      [await first.text(), await text(server.post(`${id}/receive`))],
      ['[36,1,2,{},[1]]', '[36,1,3,{},[2]]'],
    );
    let answered = false;
    const held = text(server.post(`${id}/receive`)).finally(() => {
      answered = true;
    });
    assert.equal(await text(server.post(`${id}/send`, EVENT), 202), '');
    assert.equal(answered, false);
    server.link.send(numbered(3));
    assert.equal(await held, '[36,1,4,{},[3]]');
  });

  it('answers a receive with all waiting messages if batches are agreed, and accepts batches', async () => {
    await using server = new LongPollServer();
    const json = await server.open('wamp.2.json.batched');
    for (const i of [1, 2, 3]) server.link.send(numbered(i));
    const batch = '[36,1,2,{},[1]]\x1e[36,1,3,{},[2]]\x1e[36,1,4,{},[3]]\x1e';
    assert.equal(await text(server.post(`${json}/receive`)), batch);
    assert.equal(await text(server.post(`${json}/send`, batch), 202), '');
    assert.deepEqual(numbers(await server.receiver.received(3)), [1, 2, 3]);

    const binary = await server.open('wamp.2.msgpack.batched');
    const message = Buffer.from(encodeMsgPack([36, 1, 2, {}, [7]]));
    const length = Buffer.from([0, 0, 0, message.length]);
    await text(server.post(`${binary}/send`, Buffer.concat([length, message, length, message])), 202);
    assert.deepEqual(numbers(await server.receiver.received(2)), [7, 7]);
    server.link.send(numbered(7));
    const answer = await server.post(`${binary}/receive`);
    assert.equal(answer.headers.get('content-type'), 'application/msgpack');
    const bytes = Buffer.from(await answer.arrayBuffer());
    assert.equal(bytes.readUInt32BE(0), bytes.length - 4);
    assert.deepEqual(decodeMsgPack(bytes.subarray(4)), [36, 1, 8, {}, [7]]);
  });

  for (const [protocol, what, body] of [
    ['wamp.2.json', 'two messages without a batch', `${EVENT}${EVENT}`],
    ['wamp.2.json', 'nothing', ''],
    ['wamp.2.json', 'no JSON', '{'],
    ['wamp.2.json.batched', 'an empty batch', ''],
    ['wamp.2.json.batched', 'a message without 0x1E', EVENT],
    ['wamp.2.cbor.batched', 'a length without its message', '\x00\x00\x00\x09x'],
  ] as const) {
    it(`answers a send of ${what} with 400, and the next receive with ABORT: ${protocol}`, async () => {
      await using server = new LongPollServer();
      const id = await server.open(protocol);
      await text(server.post(`${id}/send`, body), 400);
      const abort = await server.post(`${id}/receive`);
      assert.match(await abort.text(), /wamp\.error\.protocol_violation/);
      await text(server.post(`${id}/receive`), 404);
      await text(server.post(`${id}/send`, EVENT), 404);
      assert.equal(server.receiver.closings.length, 1);
    });
  }

  it('answers a send that the router refuses with 400', async () => {
    await using server = new LongPollServer();
    const id = await server.open();
    server.receiver.onMessage = () => {
      throw new ProtocolViolation('second HELLO');
    };
    assert.match(await text(server.post(`${id}/send`, EVENT), 400), /second HELLO/);
    assert.match(await text(server.post(`${id}/receive`)), new RegExp(ErrorUri.ProtocolViolation));
  });

  it('answers a close with 202, ends the held receive, and removes the transport', async () => {
    await using server = new LongPollServer();
    const id = await server.open();
    const held = text(server.post(`${id}/receive`), 204);
    await server.holding();
    const closed = await server.post(`${id}/close`);
    assert.deepEqual([closed.status, await closed.text(), await held], [202, '', '']);
    assert.match(await server.receiver.over(), /closed the transport/);
    for (const action of ['receive', 'send', 'close']) await text(server.post(`${id}/${action}`), 404);
  });

  it('lets a peer receive the messages from before the link closed, then answers 404', async () => {
    await using server = new LongPollServer();
    const id = await server.open();
    server.link.send(numbered(1));
    server.link.send(numbered(2));
    server.link.close('done');
    await text(server.post(`${id}/send`, EVENT), 400);
    assert.equal(await text(server.post(`${id}/receive`)), '[36,1,2,{},[1]]');
    assert.equal(await text(server.post(`${id}/receive`)), '[36,1,3,{},[2]]');
    await text(server.post(`${id}/receive`), 404);
    assert.equal(server.receiver.messages.length, 0);
  });

  it('sends the last messages to a held receive when the listener closes, and waits for no other peer', async () => {
    await using server = new LongPollServer();
    const id = await server.open();
    const held = text(server.post(`${id}/receive`));
    await server.holding();
    const stopped = server.stop();
    // On an existing connection, because the listener accepts no new one.
    const late = server.post('open', '{"protocols":["wamp.2.json"]}').then(({ status }) => status);
    assert.equal(await late.catch(() => 503), 503);
    server.link.send(numbered(1));
    server.link.close('the gateway stops');
    assert.equal(await held, '[36,1,2,{},[1]]');
    await stopped;
    await using other = new LongPollServer();
    await other.open();
    await other.stop();
    assert.match(await other.receiver.over(), /the listener closes/);
  });

  it('holds one receive at a time: a newer one replaces the older', async () => {
    await using server = new LongPollServer();
    const id = await server.open();
    const older = text(server.post(`${id}/receive`), 400);
    await server.holding();
    const newer = text(server.post(`${id}/receive`));
    assert.match(await older, /has replaced this one/);
    server.link.send(numbered(1));
    assert.equal(await newer, '[36,1,2,{},[1]]');
  });

  it('answers a held receive with 204 after its time, and closes a transport without requests', async () => {
    await using server = new LongPollServer({ longPoll: { hold: 1000, idle: 3000 } });
    const id = await server.open();
    const held = text(server.post(`${id}/receive`), 204);
    await server.holding();
    server.clock.advance(1000);
    assert.equal(await held, '');
    server.clock.advance(2000);
    await text(server.post(`${id}/send`, EVENT), 202);
    server.clock.advance(2999);
    assert.equal(server.receiver.closings.length, 0);
    server.clock.advance(1);
    assert.match(await server.receiver.over(), /no request from the peer/);
    await text(server.post(`${id}/receive`), 404);
  });

  it('keeps waiting messages if a receive is aborted before it is answered', async () => {
    await using server = new LongPollServer();
    const id = await server.open();
    using peer = await RawPeer.connect({ host: '127.0.0.1', port: await server.port() });
    peer.send(`POST /lp/${id}/receive HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n`);
    await server.holding();
    peer.socket.destroy();
    await until('the receive is given up', () => !server.isHolding);
    server.link.send(numbered(1));
    assert.equal(await text(server.post(`${id}/receive`)), '[36,1,2,{},[1]]');
  });

  it('accepts a send in pieces and in chunks, also over HTTP/1.0', async () => {
    await using server = new LongPollServer();
    const id = await server.open();
    using peer = await RawPeer.connect({ host: '127.0.0.1', port: await server.port() });
    peer.send(`POST /lp/${id}/send HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n7\r\n[36,1,2\r\n`);
    await new Promise(setImmediate);
    peer.send('8\r\n,{},[5]]\r\n0\r\n\r\n');
    assert.match(await peer.head(), /^HTTP\/1\.1 202 /);
    using old = await RawPeer.connect({ host: '127.0.0.1', port: await server.port() });
    old.send(`POST /lp/${id}/send HTTP/1.0\r\nContent-Length: ${EVENT.length}\r\n\r\n${EVENT}`);
    assert.match((await old.rest()).toString(), /^HTTP\/1\.1 202 /);
    assert.deepEqual(numbers(await server.receiver.received(2)), [5, 5]);
  });

  it('refuses a message over the limit with 400, with and without Content-Length, and accepts one at the limit', async () => {
    await using server = new LongPollServer({ maxMessageSize: 1024 });
    const id = await server.open();
    const fit = EVENT.padEnd(1024);
    await text(server.post(`${id}/send`, fit), 202);
    assert.match(await text(server.post(`${id}/send`, `${fit} `), 400), /1024 bytes/);
    using peer = await RawPeer.connect({ host: '127.0.0.1', port: await server.port() });
    peer.send(`POST /lp/${id}/send HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n401\r\n${fit} \r\n`);
    assert.match(await peer.head(), /^HTTP\/1\.1 400 /);
    assert.equal(server.receiver.messages.length, 1);
  });

  it('limits the concurrent sends of one peer', async () => {
    await using server = new LongPollServer({ messageRate: { rate: 1, burst: 1 } });
    const id = await server.open();
    await text(server.post(`${id}/send`, EVENT), 202);
    await text(server.post(`${id}/send`, EVENT), 202);
    // The link is paused: of ten sends, eight wait and two are refused.
    const statuses: number[] = [];
    const sends = Array.from({ length: 10 }, async () =>
      statuses.push((await server.post(`${id}/send`, EVENT)).status),
    );
    await until('two to be refused', () => statuses.length === 2);
    assert.deepEqual([statuses, server.receiver.messages.length], [[400, 400], 2]);
    await until('the others to be taken', () => {
      server.clock.advance(1000);
      return statuses.length === 10;
    });
    await Promise.all(sends);
    assert.deepEqual([statuses.filter(status => status === 202).length, server.receiver.messages.length], [8, 10]);
  });

  it('limits transports by sessions and by address, with 503', async () => {
    await using server = new LongPollServer({ maxSessions: 2 });
    const id = await server.open();
    await server.open();
    server.welcome();
    assert.match(await text(server.post('open', '{"protocols":["wamp.2.json"]}'), 503), /Too many/);
    await text(server.post(`${id}/close`), 202);
    await server.open();

    await using other = new LongPollServer({ maxConnectionsPerAddress: 2 });
    await other.open();
    await other.open();
    await text(other.post('open', '{"protocols":["wamp.2.json"]}'), 503);

    await using third = new LongPollServer({ maxConnections: 1 });
    await third.open();
    third.welcome();
    await text(third.post('open', '{"protocols":["wamp.2.json"]}'), 503);
  });

  it('limits the bytes that wait for a peer without a receive', async () => {
    await using server = new LongPollServer({ maxQueuedBytes: 512 * 1024 });
    const id = await server.open();
    for (let i = 0; i < 100 && server.receiver.closings.length === 0; i++) {
      server.link.send(numbered(i, 'x'.repeat(10_000)));
      assert.ok(server.link.queuedBytes <= 523 * 1024);
      await Promise.resolve();
    }
    assert.match(await server.receiver.over(), /too slow/);
    await text(server.post(`${id}/receive`), 404);
  });

  it('allows the same pages as WebSocket, and answers preflight requests', async () => {
    await using server = new LongPollServer();
    const open = '{"protocols":["wamp.2.json"]}';
    const evil = await server.post('open', open, { Origin: 'https://evil.example' });
    assert.deepEqual([evil.status, evil.headers.get('access-control-allow-origin')], [403, null]);
    const id = await server.open();
    await text(server.post(`${id}/send`, EVENT, { Origin: 'https://evil.example' }), 403);
    assert.equal(server.receiver.messages.length, 0);
    const home = await server.post('open', open, { Origin: 'https://home.example' });
    assert.equal(home.status, 200);
    const { headers } = home;
    assert.deepEqual(
      ['access-control-allow-origin', 'access-control-allow-credentials', 'vary'].map(name => headers.get(name)),
      ['https://home.example', 'true', 'Origin'],
    );
    const preflight = await fetch(`http://127.0.0.1:${await server.port()}/lp/open`, {
      method: 'OPTIONS',
      headers: { Origin: 'https://home.example', 'Access-Control-Request-Method': 'POST' },
    });
    assert.equal(preflight.status, 204);
    assert.equal(preflight.headers.get('access-control-allow-methods'), 'POST');
    assert.equal(preflight.headers.get('access-control-allow-headers'), 'Content-Type');
  });

  it('answers other methods with 405, and other paths with 404', async () => {
    await using server = new LongPollServer();
    const id = await server.open();
    const got = await fetch(`http://127.0.0.1:${await server.port()}/lp/${id}/receive`);
    assert.deepEqual([got.status, got.headers.get('allow')], [405, 'POST, OPTIONS']);
    for (const path of ['', 'x/send', `${id}`, `${id}/`, `${id}/open`, `${id}/send/x`, 'open/x', '__proto__/send'])
      await text(server.post(path, EVENT), 404);
    // A path with the same beginning does not belong to long-poll.
    assert.equal((await fetch(`http://127.0.0.1:${await server.port()}/lpx`, { method: 'POST' })).status, 404);
  });
});
