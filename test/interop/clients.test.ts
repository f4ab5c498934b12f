import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { GatewayProcess } from '../support/gateway-process.ts';
import { until } from '../support/until.ts';
import { AutobahnJsPeer } from './peers/autobahn-js-peer.ts';
import { AutobahnPythonPeer } from './peers/autobahn-python-peer.ts';
import { type Peer, PeerError } from './peers/peer.ts';
import { WampyPeer } from './peers/wampy-peer.ts';

/** Values that every serializer can carry, and that both languages compare exactly. */
const sample = [1, -1, 2 ** 40, 1.5, true, null, 'grün 🌱', ['nested', { a: [1, 2, 3] }]];

type Join = (gateway: GatewayProcess) => Promise<Peer>;

const python =
  (type: 'websocket' | 'rawsocket' | 'unix', serializer: 'json' | 'msgpack' | 'cbor'): Join =>
  ({ url, socket, ports }) => {
    const where = { websocket: url, rawsocket: `rs://127.0.0.1:${ports.rawSocket}`, unix: `unix:${socket}` };
    return AutobahnPythonPeer.join(where[type], serializer);
  };

const clients: readonly (readonly [name: string, join: Join])[] = [
  ['Autobahn|Python, WebSocket, JSON', python('websocket', 'json')],
  ['Autobahn|Python, WebSocket, MsgPack', python('websocket', 'msgpack')],
  ['Autobahn|Python, WebSocket, CBOR', python('websocket', 'cbor')],
  ['Autobahn|Python, RawSocket, JSON', python('rawsocket', 'json')],
  ['Autobahn|Python, RawSocket, MsgPack', python('rawsocket', 'msgpack')],
  ['Autobahn|Python, RawSocket, CBOR', python('rawsocket', 'cbor')],
  ['Autobahn|Python, Unix socket, CBOR', python('unix', 'cbor')],
  ['wampy, JSON', gateway => WampyPeer.join(gateway.url, 'json')],
  ['wampy, MsgPack', gateway => WampyPeer.join(gateway.url, 'msgpack')],
  ['wampy, CBOR', gateway => WampyPeer.join(gateway.url, 'cbor')],
  ['Autobahn|JS, JSON', gateway => AutobahnJsPeer.join(gateway.url, 'json')],
  ['Autobahn|JS, MsgPack', gateway => AutobahnJsPeer.join(gateway.url, 'msgpack')],
  ['Autobahn|JS, long-poll, JSON', ({ ports }) => AutobahnJsPeer.poll(`http://127.0.0.1:${ports.web}/lp`)],
  ['Autobahn|JS, CBOR', gateway => AutobahnJsPeer.join(gateway.url, 'cbor')],
];

describe('clients of other projects', () => {
  let gateway: GatewayProcess;
  before(async () => {
    gateway = await GatewayProcess.start();
  });
  after(() => gateway?.stop());

  for (const [index, [name, join]] of clients.entries()) {
    // Each client is paired with another library or serializer, so that it sends and receives.
    const [otherName, joinOther] = clients[(index + 5) % clients.length] ?? [name, join];
    const topic = `com.interop.n${index}`;

    describe(`${name} with ${otherName}`, () => {
      let peer: Peer;
      let other: Peer;
      before(async () => {
        [peer, other] = await Promise.all([join(gateway), joinOther(gateway)]);
      });
      after(async () => {
        await Promise.all([peer?.close(), other?.close()]);
      });

      it('receives all events of the other client in order and unchanged', async () => {
        await peer.subscribe(`${topic}.event`);
        for (let n = 0; n < 20; n++) await other.publish(`${topic}.event`, [n, ...sample], { key: n });
        const events = await until('20 events', () => peer.events.length >= 20 && peer.events);
        assert.deepEqual(
          events.map(({ topic, args, kwargs }) => ({ topic, args, kwargs })),
          Array.from({ length: 20 }, (_, n) => ({ topic: `${topic}.event`, args: [n, ...sample], kwargs: { key: n } })),
        );
      });

      it('publishes to a prefix subscription of the other client', async () => {
        await other.subscribe(`${topic}.pre`, 'prefix');
        await peer.publish(`${topic}.prefixed.a`, ['by prefix']);
        const event = await until('the event', () => other.events.find(({ args }) => args[0] === 'by prefix'));
        assert.equal(event.topic, `${topic}.prefixed.a`);
      });

      it('calls a procedure of the other client, and answers its calls', async () => {
        await other.register(`${topic}.other.echo`, 'echo');
        await peer.register(`${topic}.peer.echo`, 'echo');
        await peer.register(`${topic}.peer.add`, 'add');
        const expected = { args: sample, kwargs: { a: 1, b: 'two' } };
        assert.deepEqual(await peer.call(`${topic}.other.echo`, sample, { a: 1, b: 'two' }), expected);
        assert.deepEqual(await other.call(`${topic}.peer.echo`, sample, { a: 1, b: 'two' }), expected);
        assert.deepEqual((await other.call(`${topic}.peer.add`, [19, 23])).args, [42]);
      });

      it('passes errors in both directions', async () => {
        await other.register(`${topic}.other.fail`, 'fail');
        await peer.register(`${topic}.peer.fail`, 'fail');
        const failed = { name: 'Error', uri: 'com.interop.failed', args: ['because', 7] };
        await assert.rejects(peer.call(`${topic}.other.fail`, ['because', 7]), failed);
        await assert.rejects(other.call(`${topic}.peer.fail`, ['because', 7]), failed);
      });

      it('receives an error if the procedure does not exist', async () => {
        await assert.rejects(
          peer.call(`${topic}.missing`, []),
          (error: unknown) => error instanceof PeerError && error.uri === 'wamp.error.no_such_procedure',
        );
      });

      it('makes a hundred calls at the same time', async () => {
        await other.register(`${topic}.other.add`, 'add');
        const results = await Promise.all(
          Array.from({ length: 100 }, (_, n) => peer.call(`${topic}.other.add`, [n, 1])),
        );
        assert.deepEqual(
          results.map(({ args }) => args[0]),
          Array.from({ length: 100 }, (_, n) => n + 1),
        );
      });
    });
  }
});
