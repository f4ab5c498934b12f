// Decodes a PUBLISH and encodes the EVENT: the cost of the codec for each event in a broker. The naive way for
// comparison builds all values of the payload and encodes them again. Not a test:
//   node scripts/build.mjs && node dist/bench/codec.js
import { decode as decodeMsgpack, encode as encodeMsgpack } from '@msgpack/msgpack';
import { Encoder } from 'cbor-x';
import { codecNamed, codecs } from '../src/codec/codecs.ts';
import type { Codec, SerializerName } from '../src/codec/message/codec.ts';
import { EMPTY_DICT } from '../src/wamp/dict.ts';
import { asId } from '../src/wamp/ids.ts';
import { MessageType } from '../src/wamp/messages/message-type.ts';
import { Payload } from '../src/wamp/payload.ts';
import { asUri } from '../src/wamp/uri.ts';

const cborX = new Encoder({ useRecords: false, variableMapSize: true });

/** Converts between lists and bytes by well-known packages. */
const naive: Readonly<Record<SerializerName, { read(frame: Uint8Array): unknown; write(list: unknown): Uint8Array }>> =
  {
    json: {
      read: frame => JSON.parse(Buffer.from(frame.buffer, frame.byteOffset, frame.byteLength).toString()),
      write: list => Buffer.from(JSON.stringify(list)),
    },
    cbor: { read: frame => cborX.decode(frame), write: list => cborX.encode(list) },
    msgpack: { read: frame => decodeMsgpack(frame), write: list => encodeMsgpack(list) },
  };

const samples: readonly (readonly [
  name: string,
  args: readonly unknown[],
  kwargs: Readonly<Record<string, unknown>>,
])[] = [
  ['~105-byte sensor event', [], { value: 21.53, unit: 'C', at: 1_722_000_000.123 }],
  ['1 KiB of floats', [Array.from({ length: 110 }, (_, i) => Math.sin(i) * 100)], {}],
];

function publish(codec: Codec, args: readonly unknown[], kwargs: Readonly<Record<string, unknown>>): Uint8Array {
  const topic = asUri('com.example.plant7.line2.temperature');
  return codec
    .encode({
      type: MessageType.Publish,
      request: asId(4711),
      options: EMPTY_DICT,
      topic,
      payload: Payload.of(args, kwargs),
    })
    .slice();
}

function splice(from: Codec, to: Codec, frame: Uint8Array): Uint8Array {
  const message = from.decode(frame);
  if (message.type !== MessageType.Publish) throw new Error('not a PUBLISH');
  const { payload } = message;
  return to.encode({
    type: MessageType.Event,
    subscription: asId(5_512_315_355),
    publication: asId(4_429_313_566_123),
    details: EMPTY_DICT,
    payload,
  });
}

function rebuild(from: Codec, to: Codec, frame: Uint8Array): Uint8Array {
  const list = naive[from.name].read(frame);
  if (!Array.isArray(list)) throw new Error('not a list');
  return naive[to.name].write([36, 5_512_315_355, 4_429_313_566_123, {}, ...list.slice(4)]);
}

let kept = 0;

const median = (rounds: number[]): number => rounds.sort((a, b) => a - b)[rounds.length >> 1] ?? Number.NaN;

/** Nanoseconds of CPU (not of wall time) for one run of `work` in a round. */
function round(work: () => Uint8Array): number {
  const begun = process.cpuUsage();
  let runs = 0;
  let used = 0;
  while (used < 50_000) {
    for (let i = 0; i < 1000; i++) kept += work().length;
    runs += 1000;
    const { user, system } = process.cpuUsage(begun);
    used = user + system;
  }
  return (1000 * used) / runs;
}

/** The medians of `ours` and `theirs`, in alternating rounds. */
function compare(ours: () => Uint8Array, theirs: () => Uint8Array): [number, number] {
  const rounds = Array.from({ length: 11 }, () => [round(ours), round(theirs)] as const);
  return [median(rounds.map(([one]) => one)), median(rounds.map(([, other]) => other))];
}

const only = process.argv[2];
for (const [name, args, kwargs] of samples) {
  console.log(`\n${name}`);
  const pairs = codecs.map(codec => [codec, codec] as const);
  for (const [from, to] of [
    ...pairs,
    [codecNamed('json'), codecNamed('cbor')],
    [codecNamed('cbor'), codecNamed('json')],
  ] as const) {
    const label = from === to ? from.name : `${from.name} to ${to.name}`;
    if (only !== undefined && only !== label) continue;
    const frame = publish(from, args, kwargs);
    const [ours, theirs] = compare(
      () => splice(from, to, frame),
      () => rebuild(from, to, frame),
    );
    const columns = [
      label.padEnd(14),
      `${frame.length} bytes`,
      `${ours.toFixed(0)} ns`,
      `naive ${theirs.toFixed(0)} ns`,
    ];
    console.log(columns.map(column => column.padEnd(16)).join(''), `${(theirs / ours).toFixed(1)}x cheaper`);
  }
}
if (kept === 0) console.log('nothing was encoded');
