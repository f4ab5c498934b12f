import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { codecNamed, codecs } from '../../src/codec/codecs.ts';
import type { SerializerName } from '../../src/codec/message/codec.ts';
import type { Message } from '../../src/wamp/messages/messages.ts';
import { Payload } from '../../src/wamp/payload.ts';
import { ABSENT, readVectors, WHERE } from '../support/vectors.ts';
import { foreign, reference } from './reference.ts';

interface Encoding {
  readonly bytes?: string;
  readonly bytes_hex: string;
}

interface Sample {
  readonly description: string;
  readonly serializers?: Readonly<Record<string, readonly Encoding[]>>;
  readonly expected_attributes?: Readonly<Record<string, unknown>>;
  /** A message as a list; in the place of the arguments, hexadecimal for binary. */
  readonly wmsg?: readonly unknown[];
  /** Where the types of options are not what they should be, which is not the serializers' to see. */
  readonly expected_error?: unknown;
}

interface Vector {
  readonly description: string;
  readonly samples: readonly Sample[];
}

/** The vectors call some attributes otherwise than we do. */
const names: Readonly<Record<string, string>> = {
  message_type: 'type',
  request_id: 'request',
  request_type: 'requestType',
  session_id: 'session',
  subscription_id: 'subscription',
  registration_id: 'registration',
  publication_id: 'publication',
};

/** Attributes of a message that are neither of its elements nor of its payload are in its details. */
function check(message: Message, expected: Readonly<Record<string, unknown>>): void {
  const fields: Readonly<Record<string, unknown>> = { ...('details' in message ? message.details : {}), ...message };
  const { args, kwargs } = 'payload' in message ? message.payload : Payload.empty;
  const { args: wantedArgs, kwargs: wantedKwargs, payload, ...others } = expected;
  if (typeof payload === 'string') assert.deepEqual(args, [Uint8Array.from(Buffer.from(payload, 'hex'))]);
  else assert.deepEqual(args, wantedArgs ?? []);
  assert.deepEqual(kwargs, wantedKwargs ?? {});
  for (const [name, value] of Object.entries(others)) assert.deepEqual(fields[names[name] ?? name], value, name);
}

/** JSON has blanks at will: compared by what it says. */
function same(name: SerializerName, frame: Uint8Array, hex: string): boolean {
  const expected = Buffer.from(hex, 'hex');
  if (name !== 'json') return expected.equals(frame);
  const canonical = (bytes: Uint8Array) => JSON.stringify(JSON.parse(Buffer.from(bytes).toString()));
  return canonical(frame) === canonical(expected);
}

/** What the hexadecimal stands for, as the other encoder and decoder have it. [advanced/serialization_binary_json] */
function binary(name: SerializerName, hex: string): unknown {
  const bytes = Buffer.from(hex, 'hex');
  return name === 'json' ? `\0${bytes.toString('base64')}` : Uint8Array.from(bytes);
}

describe('the test vectors of the specification', () => {
  const vectors = readVectors<Vector>('singlemessage');
  if (vectors === undefined) {
    it(ABSENT, t => t.diagnostic(WHERE));
    return;
  }
  let compared = 0;
  let lists = 0;
  for (const [file, vector] of vectors) {
    for (const sample of vector.samples) {
      const { expected_attributes: expected, serializers = {}, wmsg, expected_error } = sample;
      if (wmsg !== undefined && expected_error === undefined) {
        lists++;
        it(`${file}: ${sample.description}`, () => {
          const listIn = (name: SerializerName): unknown[] =>
            wmsg.map((item, i) => (i === 4 && typeof item === 'string' ? binary(name, item) : item));
          for (const from of codecs) {
            const message = from.decode(foreign[from.name](listIn(from.name)));
            for (const to of codecs) {
              assert.deepEqual(reference[to.name](to.encode(message)), listIn(to.name), `${from.name} to ${to.name}`);
            }
          }
        });
      }
      if (expected === undefined) continue;
      for (const name of ['json', 'msgpack', 'cbor'] as const) {
        const variants = serializers[name] ?? [];
        if (variants.length === 0) continue;
        compared++;
        it(`${file}: ${sample.description}: ${name}`, () => {
          const codec = codecNamed(name);
          for (const { bytes_hex } of variants) {
            const message = codec.decode(Buffer.from(bytes_hex, 'hex'));
            check(message, expected);
            const frame = codec.encode(message);
            assert.ok(
              variants.some(variant => same(name, frame, variant.bytes_hex)),
              `re-encoded as none of the variants: ${Buffer.from(frame).toString('hex')}`,
            );
            for (const other of codecs) check(other.decode(other.encode(message)), expected);
          }
        });
      }
    }
  }
  it('are at least as many as expected', () => {
    assert.ok(compared > 60, `only ${compared} samples compared`);
    assert.ok(lists > 30, `only ${lists} lists compared`);
  });
});
