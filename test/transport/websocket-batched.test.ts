import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decode as decodeMsgPack, encode as encodeMsgPack } from '@msgpack/msgpack';
import { Encoder } from 'cbor-x';
import { WebSocket } from 'ws';
import { systemClock } from '../../src/base/clock.ts';
import { ClientSession } from '../../src/client/session/client-session.ts';
import { codecNamed } from '../../src/codec/codecs.ts';
import type { SerializerName } from '../../src/codec/message/codec.ts';
import { dial } from '../../src/transport/dial.ts';
import { ErrorUri } from '../../src/wamp/errors.ts';
import { RouterServer } from '../support/router-server.ts';
import { until } from '../support/until.ts';

const cbor = new Encoder({ useRecords: false, mapsAsObjects: true });

// This file has its own batches and serializers, to test the implementation against the specification and not itself.
const formats: Record<SerializerName, { encode(list: unknown): Buffer; decode(bytes: Buffer): unknown }> = {
  json: { encode: list => Buffer.from(JSON.stringify(list)), decode: bytes => JSON.parse(bytes.toString()) },
  msgpack: { encode: list => Buffer.from(encodeMsgPack(list)), decode: bytes => decodeMsgPack(bytes) },
  cbor: { encode: list => cbor.encode(list), decode: bytes => cbor.decode(bytes) },
};

/** A WAMP client with batches, of another implementation. */
class BatchPeer implements Disposable {
  /** The WAMP messages in each message of the WebSocket. */
  readonly batches: unknown[][] = [];
  closed: number | undefined;
  readonly #socket: WebSocket;
  readonly #name: SerializerName;

  private constructor(socket: WebSocket, name: SerializerName) {
    this.#socket = socket;
    this.#name = name;
    socket.on('message', (data, isBinary) => {
      assert.equal(isBinary, name !== 'json');
      assert.ok(Buffer.isBuffer(data));
      this.batches.push(this.#unpack(data));
    });
    socket.on('close', code => {
      this.closed = code;
    });
  }

  static async connect(url: string, name: SerializerName): Promise<BatchPeer> {
    const socket = new WebSocket(url, [`wamp.2.${name}.batched`]);
    const peer = new BatchPeer(socket, name);
    await new Promise((resolve, reject) => {
      socket.once('open', resolve);
      socket.on('error', reject);
    });
    assert.equal(socket.protocol, `wamp.2.${name}.batched`);
    return peer;
  }

  /** Sends these WAMP messages in one message. */
  send(...lists: readonly unknown[]): void {
    this.sendBytes(Buffer.concat(lists.map(list => this.pack(list))));
  }

  sendBytes(bytes: Buffer): void {
    this.#socket.send(bytes, { binary: this.#name !== 'json' });
  }

  /** The same, in WebSocket fragments of `size` bytes. A PING precedes each fragment. */
  sendFragments(bytes: Buffer, size: number): void {
    for (let at = 0; at < bytes.length; at += size) {
      this.#socket.ping();
      const fin = at + size >= bytes.length;
      this.#socket.send(bytes.subarray(at, at + size), { binary: this.#name !== 'json', fin });
    }
  }

  pack(list: unknown): Buffer {
    const body = formats[this.#name].encode(list);
    if (this.#name === 'json') return Buffer.concat([body, Buffer.of(0x1e)]);
    const length = Buffer.alloc(4);
    length.writeUInt32BE(body.length);
    return Buffer.concat([length, body]);
  }

  /** All WAMP messages received. */
  get messages(): unknown[] {
    return this.batches.flat();
  }

  async received(count: number): Promise<unknown[]> {
    return until(`${count} messages`, () => this.messages.length >= count && this.messages);
  }

  [Symbol.dispose](): void {
    this.#socket.terminate();
  }

  #unpack(batch: Buffer): unknown[] {
    const lists: unknown[] = [];
    let at = 0;
    while (at < batch.length) {
      const start = this.#name === 'json' ? at : at + 4;
      const end = this.#name === 'json' ? batch.indexOf(0x1e, at) : start + batch.readUInt32BE(at);
      assert.ok(end > start && end <= batch.length);
      lists.push(formats[this.#name].decode(batch.subarray(start, end)));
      at = this.#name === 'json' ? end + 1 : end;
    }
    return lists;
  }
}

const HELLO = [1, 'realm1', { roles: { publisher: {}, subscriber: {} } }];

/** The type of a WAMP message. */
function typeOf(message: unknown): unknown {
  return Array.isArray(message) ? message[0] : undefined;
}

for (const name of ['json', 'msgpack', 'cbor'] as const) {
  describe(`batched WebSocket, ${name} [advanced/transport_batched_websocket]`, () => {
    it('accepts many messages at once and answers in batches, in order', async () => {
      await using server = await RouterServer.start();
      using peer = await BatchPeer.connect(server.url, name);
      peer.send(HELLO);
      assert.equal(typeOf((await peer.received(1))[0]), 2);
      const publications = Array.from({ length: 50 }, (_, n) => {
        return [16, n + 2, { exclude_me: false, acknowledge: true }, 'com.batch', [n, 'grün 🌱']];
      });
      peer.send([32, 1, {}, 'com.batch'], ...publications);
      const messages = (await peer.received(102)).slice(1);
      assert.equal(typeOf(messages[0]), 33);
      const events = messages.filter(message => typeOf(message) === 36);
      assert.deepEqual(
        events.map(event => (Array.isArray(event) ? event[4] : undefined)),
        Array.from({ length: 50 }, (_, n) => [n, 'grün 🌱']),
      );
      // The messages of one turn of the event loop are one message of the WebSocket.
      assert.equal(peer.batches.length, 2);
    });

    it('accepts a batch in many fragments, with PINGs in between', async () => {
      await using server = await RouterServer.start();
      using peer = await BatchPeer.connect(server.url, name);
      const bytes = Buffer.concat([peer.pack(HELLO), peer.pack([32, 1, {}, 'com.batch'])]);
      peer.sendFragments(bytes, 7);
      const messages = await peer.received(2);
      assert.deepEqual(messages.map(typeOf), [2, 33]);
    });

    it('limits the size of a batch, and sends a larger message alone', async () => {
      await using server = await RouterServer.start();
      using peer = await BatchPeer.connect(server.url, name);
      peer.send(HELLO, [32, 1, {}, 'com.batch']);
      await peer.received(2);
      const before = peer.batches.length;
      const text = 'x'.repeat(20_000);
      const publish = (n: number, body: string): unknown => [16, n, { exclude_me: false }, 'com.batch', [n, body]];
      peer.send(...Array.from({ length: 10 }, (_, n) => publish(n + 2, text)), publish(12, text.repeat(10)));
      const messages = (await peer.received(13)).slice(2);
      assert.deepEqual(
        messages.map(message => (Array.isArray(message) ? message[4][0] : undefined)),
        Array.from({ length: 11 }, (_, n) => n + 2),
      );
      const lengths = peer.batches.slice(before).map(batch => batch.length);
      // A batch has at most 64 KiB, so three messages of 20,000 bytes fit. The largest is sent alone.
      assert.ok(lengths.includes(3) && Math.max(...lengths) === 3 && lengths.at(-1) === 1, lengths.join());
    });

    const broken: readonly (readonly [string, (peer: BatchPeer) => Buffer])[] = [
      ['an empty batch', () => Buffer.alloc(0)],
      ['a batch that is cut off', peer => Buffer.concat([peer.pack(HELLO), peer.pack(HELLO).subarray(0, -1)])],
      ['an empty message in a batch', () => (name === 'json' ? Buffer.of(0x1e) : Buffer.alloc(4))],
      ['a message without its frame', () => formats[name].encode(HELLO)],
    ];
    for (const [what, bytes] of broken) {
      it(`fails the transport on ${what}`, async () => {
        await using server = await RouterServer.start();
        using peer = await BatchPeer.connect(server.url, name);
        peer.sendBytes(bytes(peer));
        const code = await until('the end', () => peer.closed);
        assert.equal(code, 1002);
        const last = peer.messages.at(-1);
        assert.ok(Array.isArray(last));
        assert.deepEqual([last[0], last[2]], [3, ErrorUri.ProtocolViolation]);
        assert.equal(server.router.linkCount, 0);
      });
    }

    it('is supported by dial, and by a client on it', async () => {
      await using server = await RouterServer.start();
      const [one, two] = await Promise.all(
        [1, 2].map(async () => {
          const link = await dial(server.url, { codec: codecNamed(name), batched: true, clock: systemClock });
          return ClientSession.join(link, { realm: 'realm1' });
        }),
      );
      assert.ok(one !== undefined && two !== undefined);
      await one.register('com.batch.double', ({ args }) => Number(args[0]) * 2);
      const results = await Promise.all(
        Array.from({ length: 100 }, (_, n) => two.call('com.batch.double', { args: [n] })),
      );
      assert.deepEqual(
        results.map(({ args }) => args[0]),
        Array.from({ length: 100 }, (_, n) => 2 * n),
      );
      await one.leave();
      await two.leave();
    });
  });
}
