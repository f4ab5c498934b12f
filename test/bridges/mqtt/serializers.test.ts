import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { WebSocket } from 'ws';
import { systemClock } from '../../../src/base/clock.ts';
import { silentLogger } from '../../../src/base/logger.ts';
import { codecs } from '../../../src/codec/codecs.ts';
import { defaultLimits } from '../../../src/transport/endpoint/limits.ts';
import { listenWeb } from '../../../src/transport/web-server.ts';
import { reference } from '../../codec/reference.ts';
import { until } from '../../support/until.ts';
import { BridgeHarness } from './bridge-harness.ts';

type Name = 'json' | 'cbor' | 'msgpack';
const names: readonly Name[] = ['json', 'cbor', 'msgpack'];

/** A subscriber of everything under `mqtt.` for each serializer, with the received frames. */
async function subscribers(port: number): Promise<Record<Name, Buffer[]>> {
  const frames: Record<Name, Buffer[]> = { json: [], cbor: [], msgpack: [] };
  for (const codec of codecs) {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/ws`, [codec.subprotocol]);
    const got = frames[codec.name];
    socket.on('message', data => got.push(data as Buffer));
    await new Promise<void>((resolve, reject) => socket.once('open', resolve).once('error', reject));
    const send = (text: string): void => {
      const message = codecs.find(({ name }) => name === 'json')?.decode(Buffer.from(text)) ?? assert.fail();
      socket.send(codec.encode(message), { binary: codec.binary });
    };
    send('[1,"realm1",{"roles":{"subscriber":{}}}]');
    await until('WELCOME', () => got.length === 1);
    send('[32,1,{"match":"prefix"},"mqtt."]');
    await until('SUBSCRIBED', () => got.length === 2);
  }
  return frames;
}

/** The argument of an event, decoded by an independent decoder; for JSON the text of the list of arguments. */
function argumentOf(name: Name, frame: Buffer): unknown {
  if (name === 'json') return /,(\[.*\])\]$/s.exec(frame.toString())?.[1]?.replace(/^.*?\},(?=\[)/s, '');
  const [, , , , args] = reference[name](frame) as unknown[];
  return (args as unknown[])[0];
}

const bytes = (...parts: (number | string)[]): Buffer =>
  Buffer.concat(parts.map(part => (typeof part === 'string' ? Buffer.from(part) : Buffer.of(part))));
const base64 = (data: Uint8Array): string => `["\\u0000${Buffer.from(data).toString('base64')}"]`;

const rows: readonly (readonly [topic: string, payload: Buffer, json: string, value: unknown])[] = [
  ...['auto', 'text'].flatMap(mode =>
    [bytes(0, 'ABC'), bytes(0, 'ABCD'), bytes(0), bytes(0, 0, 1), bytes(0, 'größer'), bytes(0, '{"a":1}')].map(
      payload => [mode, payload, base64(payload), Uint8Array.from(payload)] as const,
    ),
  ),
  ['auto', bytes('a', 0, 'b'), '["a\\u0000b"]', 'a\0b'],
  ['auto', bytes('{"a":"\\u0000x y"}'), '[{"a":"\\u0000AHggeQ=="}]', { a: Uint8Array.of(0, 0x78, 0x20, 0x79) }],
  ['json', bytes('"\\u0000x y"'), base64(bytes(0, 'x y')), Uint8Array.from(bytes(0, 'x y'))],
  ['auto', bytes('["\\u0000AQI="]'), '[["\\u0000AQI="]]', [Uint8Array.of(1, 2)]],
  ['auto', bytes('{"a":1,"b":0,"a":2}'), '[{"a":2,"b":0}]', { a: 2, b: 0 }],
  [
    'json',
    bytes('[{"a":{"x":1,"x":[]}},{"\\u0061":1,"a":3}]'),
    '[[{"a":{"x":[]}},{"a":3}]]',
    [{ a: { x: [] } }, { a: 3 }],
  ],
  ['cbor', Buffer.from('a2616101616102', 'hex'), '[{"a":2}]', { a: 2 }],
  ['cbor', Buffer.from('6400414243', 'hex'), base64(bytes(0, 'ABC')), Uint8Array.from(bytes(0, 'ABC'))],
  ['cbor', Buffer.from('7f61616162ff', 'hex'), '["ab"]', 'ab'],
];

describe('a payload of MQTT is the same for subscribers of every serializer', () => {
  it('a string that begins with NUL is binary, and a duplicate key occurs once', async () => {
    const rules = ['text', 'json', 'cbor'].map(payload => ({
      from: `mqtt:${payload}/{n}`,
      to: `wamp:mqtt.${payload}.{n}`,
      both: true,
      payload,
    }));
    await using harness = await BridgeHarness.start({ rules });
    await using web = await listenWeb(
      {
        address: { host: '127.0.0.1', port: 0 },
        name: 'web',
        codecs,
        limits: defaultLimits,
        log: silentLogger,
        clock: systemClock,
      },
      link => harness.gateway.router.attach(link),
    );
    const frames = await subscribers(web.port);
    const device = await harness.client();
    const other = await harness.client();
    const back: Buffer[] = [];
    other.on('message', (_, payload) => back.push(payload));
    await other.subscribeAsync(['auto/back', 'text/back']);
    for (const [i, [mode, payload, json, value]] of rows.entries()) {
      await device.publishAsync(`${mode}/${i}`, payload, { qos: 1 });
      for (const name of names) {
        const frame = await until(`row ${i}, ${name}`, () => frames[name][2]);
        frames[name].length = 2;
        assert.deepEqual(argumentOf(name, frame), name === 'json' ? json : value, `row ${i}, ${name}`);
      }
      if ((mode !== 'auto' && mode !== 'text') || !(value instanceof Uint8Array)) continue;
      await harness.wamp.publish(`mqtt.${mode}.back`, { args: [value] });
      const returned = await until('the way back', () => back.shift());
      assert.deepEqual(returned, payload, `row ${i}, and back`);
      for (const name of names) {
        await until('its event', () => frames[name][2]);
        frames[name].length = 2;
      }
    }
    for (const text of ['\0ABC', '\0größer']) {
      await harness.wamp.publish('mqtt.auto.back', { args: [text] });
      assert.equal((await until('text of a WAMP client', () => back.shift())).toString(), text);
    }
  });
});
