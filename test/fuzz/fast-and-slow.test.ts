import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type List, listFormats } from '../../bench/list-format.ts';
import { naiveCodecs } from '../../bench/naive-codec.ts';
import { silentLogger } from '../../src/base/logger.ts';
import { codecs } from '../../src/codec/codecs.ts';
import type { Codec, SerializerName } from '../../src/codec/message/codec.ts';
import type { FrameChannel, FrameReceiver } from '../../src/link/frame-channel.ts';
import { WireLink } from '../../src/link/wire-link.ts';
import { Router } from '../../src/router/router.ts';
import { countingIds } from '../../src/wamp/ids.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { fc } from '../support/fast-check.ts';
import { testLinkInfo } from '../support/list-link.ts';

// The router forwards encoded payloads, reads headers from bytes, caches and splices. With codecs of other packages
// that decode and encode every value, the same router must send the same messages to every peer.

/** A channel to the test. It keeps the written frames as they would be on the wire. */
class MemoryChannel implements FrameChannel {
  readonly maxFrame = Number.POSITIVE_INFINITY;
  readonly queuedBytes = 0;
  readonly written: Uint8Array[] = [];
  receiver: FrameReceiver | undefined;

  attach(receiver: FrameReceiver): void {
    this.receiver = receiver;
  }

  write(frame: Uint8Array): void {
    this.written.push(frame.slice());
  }

  end(): void {}
  destroy(): void {}
  pause(): void {}
  resume(): void {}
}

const serializers: readonly SerializerName[] = ['json', 'msgpack', 'cbor', 'json', 'cbor'];

/** A router and a session for each of `serializers`. */
class World {
  readonly #channels: readonly MemoryChannel[];

  constructor(known: readonly Codec[]) {
    const clock = new FakeClock();
    const router = new Router({
      realms: [{ name: 'realm1', uri: 'loose' }],
      authenticator: { begin: () => assert.fail('everybody is vouched for') },
      clock,
      log: silentLogger,
      sessionIds: countingIds(),
      publicationIds: countingIds(),
      random: () => 0,
    });
    this.#channels = serializers.map((name, i) => {
      const channel = new MemoryChannel();
      const codec = known.find(each => each.name === name);
      assert.ok(codec !== undefined);
      const link = new WireLink({ info: testLinkInfo, codec, channel, log: silentLogger, clock });
      router.attach(link, { authid: `peer${i}`, authrole: 'guest', authmethod: 'test', authprovider: 'test' });
      const features = { call_canceling: true, progressive_call_results: true };
      this.say(
        i,
        [1, 'realm1', { roles: { publisher: {}, subscriber: {}, caller: { features }, callee: { features } } }],
        channel,
      );
      return channel;
    });
    this.heard();
  }

  /** Sends a frame that a package has encoded, not a tested codec. The frame is overwritten after it was read. */
  say(peer: number, list: List, channel = this.#channels[peer]): void {
    const frame = Uint8Array.from(listFormats[serializers[peer] ?? 'json'].write(list));
    channel?.receiver?.receiveFrame(frame);
  }

  /** Returns the messages that each peer has received since the last call. */
  heard(): List[][] {
    return this.#channels.map(({ written }, i) =>
      written.splice(0).map(frame => listFormats[serializers[i] ?? 'json'].read(frame).map(asNumbers)),
    );
  }
}

/**
 * Converts numbers for the comparison. Packages return integers of eight bytes as bigints, and write them as floats.
 */
function asNumbers(value: unknown): unknown {
  if (typeof value === 'bigint') return Number(value);
  if (Array.isArray(value)) return value.map(asNumbers);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, asNumbers(item)]));
}

const topics = ['com.app.a', 'com.app.b', 'com.app.grün'];
const topic = fc.constantFrom(...topics);
const peer = fc.nat(serializers.length - 1);
const args = fc.array(value(3), { maxLength: 4 });
const kwargs = fc.dictionary(fc.string({ unit: 'binary', maxLength: 8 }).filter(isPlain), value(2), { maxKeys: 3 });
const payload = fc.oneof(
  fc.constant([]),
  args.map(list => [list]),
  fc.tuple(args, kwargs).map(pair => [...pair]),
);
const publishOptions = fc.record(
  {
    acknowledge: fc.boolean(),
    exclude_me: fc.boolean(),
    disclose_me: fc.boolean(),
    eligible: fc.array(fc.integer({ min: 1, max: 5 })),
  },
  { requiredKeys: [] },
);

const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('publish' as const), peer, topic, payload, options: publishOptions }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('call' as const), peer, topic, payload, options: fc.constant({}) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('answer' as const),
      peer,
      payload,
      how: fc.constantFrom('yield', 'progress', 'error'),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('subscribe' as const),
      peer,
      topic,
      match: fc.constantFrom('exact', 'prefix', 'wildcard'),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('register' as const), peer, topic }) },
);

type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** Each world starts with peers that subscribe and register. */
const beginning: readonly Step[] = [
  { kind: 'subscribe', peer: 0, topic: 'com.app.a', match: 'exact' },
  { kind: 'subscribe', peer: 1, topic: 'com.app.', match: 'prefix' },
  { kind: 'subscribe', peer: 2, topic: 'com.app.a', match: 'exact' },
  { kind: 'subscribe', peer: 3, topic: 'com.app.a', match: 'wildcard' },
  { kind: 'register', peer: 2, topic: 'com.app.a' },
  { kind: 'register', peer: 0, topic: 'com.app.b' },
  { kind: 'register', peer: 4, topic: 'com.app.grün' },
];

/** Packages differ in these keys: `__proto__` is not a key of a record, and a lone surrogate is not text. */
function isPlain(key: string): boolean {
  return key !== '__proto__' && Buffer.from(key).toString() === key;
}

/** Any JSON value whose keys are plain at every depth. */
function value(maxDepth: number): fc.Arbitrary<unknown> {
  return fc.jsonValue({ maxDepth }).filter(made => !JSON.stringify(made).includes('"__proto__"'));
}

/** Returns the message of a step, if each peer has the unanswered invocations `open`. */
function listOf(what: Step, request: number, open: readonly number[][]): List | undefined {
  switch (what.kind) {
    case 'publish':
      return [16, request, what.options, what.topic, ...what.payload];
    case 'call':
      return [48, request, what.options, what.topic, ...what.payload];
    case 'subscribe':
      return [32, request, { match: what.match }, what.match === 'wildcard' ? 'com..a' : what.topic];
    case 'register':
      return [64, request, {}, what.topic];
    case 'answer': {
      const waiting = open[what.peer] ?? [];
      const invocation = waiting[0];
      if (invocation === undefined) return undefined;
      if (what.how === 'progress') return [70, invocation, { progress: true }, ...what.payload];
      waiting.shift();
      return what.how === 'yield'
        ? [70, invocation, {}, ...what.payload]
        : [8, 68, invocation, {}, 'com.app.error', ...what.payload];
    }
  }
}

describe('a router that forwards encoded payloads', () => {
  it('sends every peer the same messages as one that decodes them, for any program and mixture of serializers', () => {
    let events = 0;
    let results = 0;
    fc.assert(
      fc.property(fc.array(step, { minLength: 10, maxLength: 60 }), steps => {
        const fast = new World(codecs);
        const slow = new World(naiveCodecs);
        const open: number[][] = serializers.map(() => []);
        [...beginning, ...steps].forEach((what, i) => {
          // A peer with an open invocation answers, if there is one.
          const asked =
            what.kind === 'answer' ? open.findIndex((waiting, at) => at >= what.peer && waiting.length > 0) : -1;
          const who = asked < 0 ? what.peer : asked;
          const list = listOf({ ...what, peer: who }, i + 1, open);
          if (list === undefined) return;
          fast.say(who, list);
          slow.say(who, list);
          const heard = fast.heard();
          assert.deepEqual(heard, slow.heard());
          heard.forEach((lists, each) => {
            for (const [code, id] of lists) {
              if (code === 36) events++;
              if (code === 50) results++;
              if (code === 68) open[each]?.push(Number(id));
            }
          });
        });
      }),
      { numRuns: 150 },
    );
    // Without this check, the property could hold because nothing was compared.
    assert.ok(events > 300 && results > 30, `${events} events, ${results} results`);
  });
});
