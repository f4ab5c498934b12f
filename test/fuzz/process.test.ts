import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { BarePeer, type BarePorts, type Message, type Wire, wires } from '../support/bare-peer.ts';
import { type BareSerializer, bareSerializers } from '../support/bare-serializer.ts';
import { BareSession, bareRoles } from '../support/bare-session.ts';
import { ConformanceGateway } from '../support/conformance-gateway.ts';
import { until } from '../support/until.ts';
import { type Draw, mutate, random } from './mutation.ts';

// The compiled program against peers that send anything: nothing they do ends the process, is answered with a fault of
// ours, or disturbs a session beside them. The work is bounded, and the seed that decides it is named by the failure.

const PEERS = 40;
const FRAMES = 20;
const SIDE_BY_SIDE = 10;

/** Messages of every type, those that only a router sends and types that nobody has. */
const messages: readonly Message[] = [
  [1, 'realm1', { roles: bareRoles, agent: 'x' }],
  [2, 7, { roles: {} }],
  [3, {}, 'wamp.error.no_such_realm'],
  [4, 'ticket', {}],
  [5, 'secret', {}],
  [6, {}, 'wamp.close.close_realm'],
  [8, 68, 1, {}, 'com.error', ['x'], { k: 1 }],
  [16, 1, { acknowledge: true }, 'com.fuzz.topic', [1, 2.5, 'x', Buffer.from([1, 2])], { k: null }],
  [16, 1, { acknowledge: true, retain: true, eligible: [], exclude_authid: ['a'] }, 'com.fuzz.topic', [2n ** 63n]],
  [16, 1, { ppt_scheme: 'x_a', ppt_serializer: 'cbor' }, 'com.fuzz.topic', [Buffer.from([0xa0])]],
  [17, 1, 2],
  [32, 1, { match: 'prefix', get_retained: true }, 'com.fuzz.'],
  [32, 1, { match: 'wildcard' }, 'com..topic'],
  [33, 1, 2],
  [34, 1, 2],
  [35, 1],
  [36, 1, 2, {}, ['x']],
  [337, 1],
  [48, 1, { timeout: 10, receive_progress: true, disclose_me: true }, 'com.fuzz.procedure', ['x']],
  [48, 1, { progress: true, rkey: 1, runmode: 'partition' }, 'com.fuzz.procedure', []],
  [48, 1, {}, 'wamp.session.count', [['anonymous']]],
  [48, 1, {}, 'wamp.subscription.get_events', [1], { limit: 3 }],
  [48, 1, {}, 'wamp.session.add_testament', ['com.fuzz.topic', ['x'], {}], { scope: 'detached' }],
  [49, 1, { mode: 'kill' }],
  [50, 1, { progress: true }, ['x']],
  [64, 1, { invoke: 'roundrobin', concurrency: 1, force_reregister: true }, 'com.fuzz.procedure'],
  [64, 1, { match: 'wildcard', disclose_caller: true }, 'com..procedure'],
  [65, 1, 2],
  [66, 1, 2],
  [67, 1],
  [68, 1, 2, {}, ['x']],
  [69, 1, {}],
  [70, 1, { progress: true }, ['x']],
  [0],
  [7, 1],
  [255, {}],
  [256, 1, {}],
  [1023, 'x'],
  [2n ** 64n],
  [-1, {}],
  [],
];

/** What may stand where something else should. */
const values: readonly unknown[] = [
  ...[
    null,
    true,
    0,
    1,
    -1,
    2 ** 53,
    2n ** 64n,
    -(2n ** 63n),
    1.5,
    Number.NaN,
    'x',
    '',
    'wamp.x',
    'a..b',
    '\0',
    '\0AQID',
  ],
  ...['x'.repeat(5000), Buffer.from([1, 2, 3]), [], [[]], {}, { match: 1, acknowledge: 'yes', roles: [] }, '__proto__'],
  JSON.parse('{"__proto__":{"x":1},"constructor":1,"hasOwnProperty":2}'),
];

const requestTypes = new Set<unknown>([16, 32, 34, 48, 64, 66]);

/** `request`: the next id in sequence, with which a session goes on longest. */
function drawMessage(draw: Draw, request: number): readonly unknown[] {
  const message = [...(messages[draw(messages.length)] ?? [])];
  // Ids that may be in use, so that answers are forged and foreign things taken down.
  if (typeof message[1] === 'number') message[1] = requestTypes.has(message[0]) ? request : 1 + draw(6);
  if (draw(3) > 0) return message;
  for (let changes = draw(3); changes > 0; changes--) {
    const at = draw(message.length + 1);
    if (draw(4) === 0) message.splice(at, 1);
    else message[at] = values[draw(values.length)];
  }
  return message;
}

/** A frame of a message, of a damaged one, or of nothing at all. */
function drawFrame(serializer: BareSerializer, draw: Draw, request: number): Uint8Array {
  switch (draw(20)) {
    case 0:
      return Uint8Array.from({ length: draw(60) }, () => draw(256));
    case 1:
      return mutate([drawBytes(serializer, draw, request), drawBytes(serializer, draw, request)], draw);
    default:
      return drawBytes(serializer, draw, request);
  }
}

function drawBytes(serializer: BareSerializer, draw: Draw, request: number): Uint8Array {
  try {
    return serializer.encode(drawMessage(draw, request));
  } catch {
    // What this serializer has no way to say.
    return Uint8Array.of(0x5b, 0x5d);
  }
}

/** A conversation with frames of any kind on a transport that is spoken well. */
async function converse(ports: BarePorts, wire: Wire, draw: Draw): Promise<void> {
  const frames = Array.from({ length: 1 + draw(FRAMES) }, (_, i) => drawFrame(wire.serializer, draw, i + 1));
  if (draw(4) > 0) frames.unshift(wire.serializer.encode([1, 'realm1', { roles: bareRoles }]));
  const peer = await BarePeer.connect(ports, wire);
  for (const frame of frames) peer.sendBytes(frame, draw(30) === 0 ? !wire.serializer.binary : undefined);
  // Which nobody may send: once the gateway hangs up it has read all that came before. What it said others can read.
  peer.send([]);
  await peer.rest();
  peer.end();
}

/** The same over long-poll. */
async function poll({ web }: BarePorts, serializer: BareSerializer, draw: Draw): Promise<void> {
  const post = async (path: string, body?: Uint8Array): Promise<string> => {
    const init = { method: 'POST', ...(body !== undefined && { body: Buffer.from(body) }) };
    return await (await fetch(`http://127.0.0.1:${web}/lp/${path}`, init)).text();
  };
  const batched = draw(4) === 0;
  const protocol = `wamp.2.${serializer.name}${batched ? '.batched' : ''}`;
  const opened: { transport: string } = JSON.parse(await post('open', Buffer.from(`{"protocols":["${protocol}"]}`)));
  if (draw(4) > 0) await post(`${opened.transport}/send`, serializer.encode([1, 'realm1', { roles: bareRoles }]));
  for (let i = draw(FRAMES); i > 0; i--)
    await post(`${opened.transport}/send`, drawFrame(serializer, draw, FRAMES - i));
  // The second one ends the wait of the first.
  if (draw(2) === 0) await Promise.all([post(`${opened.transport}/receive`), post(`${opened.transport}/close`)]);
  else await post(`${opened.transport}/close`);
}

const masked = (opcode: number, text: string): Buffer =>
  Buffer.concat([Uint8Array.of(opcode, 0x80 | text.length, 0, 0, 0, 0), Buffer.from(text)]);

const hello = '[1,"realm1",{"roles":{"caller":{}}}]';

/** Streams of every transport, to be damaged anywhere. */
const streams: readonly Uint8Array[] = [
  Buffer.concat([
    Uint8Array.of(0x7f, 0xf1, 0, 0, 0, 0, 0, hello.length),
    Buffer.from(hello),
    Uint8Array.of(1, 0, 0, 2, 9, 9, 2, 0, 0, 0, 8, 0, 0, 0),
  ]),
  Buffer.concat([
    Buffer.from(
      'GET /ws HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n' +
        'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: wamp.2.json\r\n\r\n',
    ),
    masked(0x81, hello),
    masked(0x89, 'ping'),
    masked(0x01, '[16,1'),
    masked(0x80, ',{},"a"]'),
    masked(0x88, '\x03\xe8'),
  ]),
  Buffer.from('POST /lp/open HTTP/1.1\r\nHost: x\r\nContent-Length: 29\r\n\r\n{"protocols":["wamp.2.json"]}'),
  Buffer.from('POST /lp/x/receive HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n0\r\n\r\n'),
  Buffer.from('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.0\r\n\r\n'),
  new Uint8Array(64),
];

/** Octets of any kind on a bare connection, in pieces. */
async function babble(port: number, draw: Draw): Promise<void> {
  const bytes = draw(8) === 0 ? Uint8Array.from({ length: 200 }, () => draw(256)) : mutate(streams, draw);
  const socket = connect({ host: '127.0.0.1', port, noDelay: true });
  socket.on('error', () => {});
  const closed = once(socket, 'close').catch(() => {});
  await once(socket, 'connect');
  socket.resume();
  const cut = draw(bytes.length + 1);
  socket.write(bytes.subarray(0, cut));
  await new Promise(setImmediate);
  socket.write(bytes.subarray(cut));
  if (draw(2) === 0) socket.end();
  // Long enough to be read; what is not answered would be waited for ten seconds.
  await new Promise(later => setTimeout(later, 2));
  socket.destroy();
  await closed;
}

async function many(name: string, each: (draw: Draw) => Promise<void>, healthy: () => Promise<void>): Promise<void> {
  const seed = Date.now() | 0;
  try {
    for (let begun = 0; begun < PEERS; begun += SIDE_BY_SIDE) {
      const draws = Array.from({ length: SIDE_BY_SIDE }, (_, i) => random(seed + begun + i));
      await Promise.all(draws.map(draw => each(draw)));
      await healthy();
    }
  } catch (error) {
    throw new Error(`${name}, seed ${seed}`, { cause: error });
  }
}

for (const strict of [true, false]) describeProcess(strict);

function describeProcess(strict: boolean): void {
  describe(`the process bears with peers that send anything, ${strict ? 'strict' : 'lenient'}`, () => {
    let gateway: ConformanceGateway;
    let sessions: BareSession[] = [];

    before(async () => {
      const env = strict ? {} : { WAMPWAY_LISTENERS__0__STRICT: 'false', WAMPWAY_LISTENERS__1__STRICT: 'false' };
      gateway = await ConformanceGateway.start(undefined, env);
      sessions = await Promise.all(wires.map(wire => BareSession.join(gateway.ports, wire)));
      for (const session of sessions) await session.subscribe('com.healthy.topic');
    });
    after(async () => {
      for (const session of sessions) session[Symbol.dispose]();
      await gateway.stop();
    });

    /** Each healthy session is told what another says, and nothing else, and the log speaks of no fault. */
    async function healthy(): Promise<void> {
      assert.ok(gateway.alive, gateway.output);
      for (const [index, session] of sessions.entries()) {
        const publication = await session.publish('com.healthy.topic', {}, [index]);
        for (const other of sessions) {
          if (other === session) continue;
          const event = await other.event();
          assert.deepEqual([event.publication, event.args], [publication, [index]]);
        }
      }
      assert.doesNotMatch(gateway.output, /internal error|request failed|upgrade failed|uncaught|unhandled/i);
    }

    for (const wire of wires) {
      it(`any frame, ${wire.name}`, () => many(wire.name, draw => converse(gateway.ports, wire, draw), healthy));
    }
    for (const serializer of bareSerializers) {
      const name = `longpoll ${serializer.name}`;
      it(`any frame, ${name}`, () => many(name, draw => poll(gateway.ports, serializer, draw), healthy));
    }
    for (const port of ['web', 'rawSocket'] as const) {
      it(`any octets, ${port} port`, () => many(port, draw => babble(gateway.ports[port], draw), healthy));
    }

    it('and nothing is left of them', async () => {
      const [session] = sessions;
      assert.ok(session !== undefined);
      let count: unknown;
      for (let tries = 0; count !== sessions.length && tries < 500; tries++) {
        const [args] = await session.call('wamp.session.count');
        count = Array.isArray(args) ? args[0] : undefined;
        await new Promise(later => setTimeout(later, 20));
      }
      assert.equal(count, sessions.length);
      await until('the process to be as it was', () => gateway.alive);
    });
  });
}
