import { once } from 'node:events';
import { connect } from 'node:net';
import { BarePeer, type BarePorts, type Message, type Wire } from '../support/bare-peer.ts';
import type { BareSerializer } from '../support/bare-serializer.ts';
import { bareRoles } from '../support/bare-session.ts';
import { type Draw, mutate } from './mutation.ts';

// Peers that send arbitrary data to every listener of a gateway.

const FRAMES = 20;

/** Messages of every type, including those that only a router sends, and unknown types. */
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

/** Values that replace an expected element. */
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

/** Returns a random message. `request` is the next id in sequence, which keeps a session alive longest. */
function drawMessage(draw: Draw, request: number): readonly unknown[] {
  const message = [...(messages[draw(messages.length)] ?? [])];
  // Ids that may be in use, so that the peer forges answers and cancels foreign requests.
  if (typeof message[1] === 'number') message[1] = requestTypes.has(message[0]) ? request : 1 + draw(6);
  if (draw(3) > 0) return message;
  for (let changes = draw(3); changes > 0; changes--) {
    const at = draw(message.length + 1);
    if (draw(4) === 0) message.splice(at, 1);
    else message[at] = values[draw(values.length)];
  }
  return message;
}

/** Returns a frame with a message, a damaged message, or random bytes. */
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
    // The serializer cannot encode this message.
    return Uint8Array.of(0x5b, 0x5d);
  }
}

/** Sends frames of any kind over a correct transport. */
export async function converse(ports: BarePorts, wire: Wire, draw: Draw): Promise<void> {
  const frames = Array.from({ length: 1 + draw(FRAMES) }, (_, i) => drawFrame(wire.serializer, draw, i + 1));
  if (draw(4) > 0) frames.unshift(wire.serializer.encode([1, 'realm1', { roles: bareRoles }]));
  const peer = await BarePeer.connect(ports, wire);
  for (const frame of frames) peer.sendBytes(frame, draw(30) === 0 ? !wire.serializer.binary : undefined);
  // An invalid message: if the gateway closes the connection, it has read everything before it, so all its output can
  // be read.
  peer.send([]);
  await peer.rest();
  peer.end();
}

/** Does the same over long-poll. */
export async function poll({ web }: BarePorts, serializer: BareSerializer, draw: Draw): Promise<void> {
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
  // The close ends the pending receive.
  if (draw(2) === 0) await Promise.all([post(`${opened.transport}/receive`), post(`${opened.transport}/close`)]);
  else await post(`${opened.transport}/close`);
}

const masked = (opcode: number, text: string): Buffer =>
  Buffer.concat([Uint8Array.of(opcode, 0x80 | text.length, 0, 0, 0, 0), Buffer.from(text)]);

const hello = '[1,"realm1",{"roles":{"caller":{}}}]';

/** Valid octet streams of every transport, which are then damaged anywhere. */
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

/** Sends octets of any kind over a plain connection, in pieces. */
export async function babble(port: number, draw: Draw, valid: readonly Uint8Array[] = streams): Promise<void> {
  const bytes = draw(8) === 0 ? Uint8Array.from({ length: 200 }, () => draw(256)) : mutate(valid, draw);
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
  // Long enough for the gateway to read. Waiting for an answer that does not come would take ten seconds.
  await new Promise(later => setTimeout(later, 2));
  socket.destroy();
  await closed;
}

const text = (value: string): Buffer => {
  const bytes = Buffer.from(value);
  return Buffer.concat([Uint8Array.of(bytes.length >> 8, bytes.length & 0xff), bytes]);
};

/** Returns an MQTT packet of less than 128 bytes. */
function packet(first: number, ...parts: readonly Uint8Array[]): Buffer {
  const rest = Buffer.concat(parts);
  return Buffer.concat([Uint8Array.of(first, rest.length), rest]);
}

const mqttConnect = packet(0x10, text('MQTT'), Uint8Array.of(4, 2, 0, 60), text('fuzz'));
const withWill = packet(
  0x10,
  text('MQTT'),
  Uint8Array.of(4, 0x2e, 0, 60),
  text('fuzz-will'),
  text('w/t'),
  text('gone'),
);

/** Valid MQTT connections, which are then damaged anywhere. */
export const mqttStreams: readonly Uint8Array[] = [
  Buffer.concat([mqttConnect, packet(0x30, text('a/b'), Buffer.from('1')), packet(0xc0), packet(0xe0)]),
  Buffer.concat([withWill, packet(0x33, text('a/b'), Uint8Array.of(0, 1), Buffer.from('{"v":1}'))]),
  Buffer.concat([
    mqttConnect,
    packet(0x82, Uint8Array.of(0, 1), text('a/+/#'), Uint8Array.of(1), text('#'), Uint8Array.of(0)),
  ]),
  Buffer.concat([
    mqttConnect,
    packet(0x82, Uint8Array.of(0, 1), text('$share/g/a'), Uint8Array.of(2)),
    packet(0xa2, Uint8Array.of(0, 2), text('a')),
  ]),
  Buffer.concat([
    mqttConnect,
    packet(0x34, text('q2'), Uint8Array.of(0, 9), Buffer.from('x')),
    packet(0x62, Uint8Array.of(0, 9)),
  ]),
  Buffer.concat([
    mqttConnect,
    packet(0x40, Uint8Array.of(0, 1)),
    packet(0x50, Uint8Array.of(0, 1)),
    packet(0x70, Uint8Array.of(0, 1)),
  ]),
  packet(0x10, text('MQIsdp'), Uint8Array.of(3, 2, 0, 60), text('old')),
];
