import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { systemClock } from '../../src/base/clock.ts';
import { cborCodec } from '../../src/codec/cbor/cbor-codec.ts';
import { codecs } from '../../src/codec/codecs.ts';
import { jsonCodec } from '../../src/codec/json/json-codec.ts';
import type { Codec } from '../../src/codec/message/codec.ts';
import type { Link } from '../../src/link/link.ts';
import type { OutgoingPolicy } from '../../src/link/outgoing-policy.ts';
import { AnonymousAuthenticator } from '../../src/router/policy/anonymous-authenticator.ts';
import { Router } from '../../src/router/router.ts';
import { dial } from '../../src/transport/dial.ts';
import { defaultLimits } from '../../src/transport/endpoint/limits.ts';
import type { Listening } from '../../src/transport/endpoint/listening.ts';
import { listenWeb } from '../../src/transport/web-server.ts';
import { asId } from '../../src/wamp/ids.ts';
import { MessageType } from '../../src/wamp/messages/message-type.ts';
import type { EventMessage, Message } from '../../src/wamp/messages/messages.ts';
import { Payload } from '../../src/wamp/payload.ts';
import { isUri, type MatchPolicy, type Uri } from '../../src/wamp/uri.ts';
import { RecordingLogger } from '../support/recording-logger.ts';
import { RecordingReceiver } from '../support/recording-receiver.ts';
import { StallableProxy } from '../support/stallable-proxy.ts';
import { until } from '../support/until.ts';

const EVENTS = 40_000;
const TOPICS = 50;
const KIB = 1024;
/** The argument of one event: 1 KiB that begins with the number. */
const filler = 'x'.repeat(1000);

function uri(text: string): Uri {
  assert.ok(isUri(text, 'loose', 'prefix'));
  return text;
}

/** A session on a bare link. */
class Peer {
  readonly link: Link;
  readonly receiver = new RecordingReceiver();

  private constructor(link: Link) {
    this.link = link;
    link.open(this.receiver);
  }

  static async join(url: string, codec: Codec): Promise<Peer> {
    const peer = new Peer(await dial(url, { codec }));
    const details = { roles: { publisher: {}, subscriber: {} } };
    peer.link.send({ type: MessageType.Hello, realm: uri('realm1'), details });
    await peer.receiver.received(1);
    return peer;
  }

  async subscribe(topic: string, match: MatchPolicy): Promise<void> {
    this.link.send({ type: MessageType.Subscribe, request: asId(1), options: { match }, topic: uri(topic) });
    await until('SUBSCRIBED', () => this.#count(MessageType.Subscribed) > 0);
  }

  publish(number: number, acknowledge: boolean, topic: string): void {
    this.link.send({
      type: MessageType.Publish,
      request: asId(number + 1),
      options: acknowledge ? { acknowledge } : {},
      topic: uri(topic),
      payload: Payload.of([number, filler]),
    });
  }

  get events(): EventMessage[] {
    return this.receiver.messages.filter(message => message.type === MessageType.Event);
  }

  /** Requests that were answered with PUBLISHED. */
  get published(): number[] {
    return this.receiver.messages.flatMap(message => (message.type === MessageType.Published ? message.request : []));
  }

  #count(type: Message['type']): number {
    return this.receiver.messages.filter(message => message.type === type).length;
  }
}

function numberOf({ payload }: EventMessage): number {
  const [number] = payload.args;
  assert.ok(typeof number === 'number');
  return number;
}

/** A router behind a real listener, a publisher, a fast subscriber, and one that a relay can keep from reading. */
class Harness implements AsyncDisposable {
  /** The calls of the observer. */
  readonly drops: readonly number[];
  readonly log: RecordingLogger;
  readonly publisher: Peer;
  readonly healthy: Peer;
  readonly slow: Peer;
  /** The router's end of the slow subscriber's link. */
  readonly slowLink: Link;
  readonly #proxy: StallableProxy;
  readonly #listening: Listening;

  private constructor(
    seen: Pick<Harness, 'drops' | 'log'>,
    peers: Pick<Harness, 'publisher' | 'healthy' | 'slow' | 'slowLink'>,
    proxy: StallableProxy,
    listening: Listening,
  ) {
    ({ drops: this.drops, log: this.log } = seen);
    ({ publisher: this.publisher, healthy: this.healthy, slow: this.slow, slowLink: this.slowLink } = peers);
    this.#proxy = proxy;
    this.#listening = listening;
  }

  static async start(scheme: 'ws' | 'tcp', codec: Codec, outgoing: Partial<OutgoingPolicy>): Promise<Harness> {
    const [drops, log, links]: [number[], RecordingLogger, Link[]] = [[], new RecordingLogger(), []];
    const clock = systemClock;
    const authenticator = new AnonymousAuthenticator({ who: 'loopback' });
    const observer = { onDrop: (_session: unknown, count: number) => void drops.push(count) };
    const realms = [{ name: 'realm1', uri: 'loose' as const }];
    const router = new Router({ realms, authenticator, observer, clock, log });
    const limits = { ...defaultLimits, outgoing };
    const terms = { name: 'test', codecs, limits, log, clock, address: { host: '127.0.0.1', port: 0 } };
    const listening = await listenWeb(terms, link => {
      links.push(link);
      router.attach(link);
    });
    const { port } = listening;
    const proxy = await StallableProxy.start({ host: '127.0.0.1', port }, { host: '127.0.0.1', port: 0 });
    const url = (at: number): string => `${scheme}://127.0.0.1:${at}${scheme === 'ws' ? '/ws' : ''}`;
    const slow = await Peer.join(url(proxy.port), codec);
    const slowLink = links[0];
    assert.ok(slowLink !== undefined);
    const healthy = await Peer.join(url(port), codec);
    const publisher = await Peer.join(url(port), codec);
    await slow.subscribe('t.', 'prefix');
    await healthy.subscribe('t.', 'prefix');
    return new Harness({ drops, log }, { publisher, healthy, slow, slowLink }, proxy, listening);
  }

  /**
   * Publishes all events, no faster than the fast subscriber reads them. The slow one reads nothing and requests an
   * acknowledgement with each batch. Returns the most bytes that waited for it.
   */
  async flood(): Promise<number> {
    const { publisher, healthy, slow, slowLink } = this;
    this.#proxy.stall();
    let highest = 0;
    for (let number = 0; number < EVENTS; ) {
      for (const end = number + 400; number < end; number++) publisher.publish(number, false, `t.${number % TOPICS}`);
      slow.publish(number, true, 'elsewhere');
      // WELCOME and SUBSCRIBED came before.
      await healthy.receiver.received(2 + number);
      highest = Math.max(highest, slowLink.queuedBytes);
    }
    assert.deepEqual(healthy.events.map(numberOf), [...Array(EVENTS).keys()]);
    return highest;
  }

  resume(): void {
    this.#proxy.resume();
  }

  get dropped(): number {
    return this.slowLink.counters?.dropped ?? 0;
  }

  /** The events that the slow subscriber gets after it reads again, when all have arrived or were dropped. */
  async recovered(): Promise<number[]> {
    const { slow } = this;
    this.resume();
    await until('the slow one to be level', () => slow.events.length + this.dropped >= EVENTS, 30);
    await until('its answers', () => slow.published.length >= EVENTS / 400);
    await until('all drops to be told', () => this.drops.reduce((sum, one) => sum + one, 0) >= this.dropped);
    return slow.events.map(numberOf);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { link } of [this.publisher, this.healthy, this.slow]) link.close('test over');
    await this.#listening[Symbol.asyncDispose]();
    await this.#proxy[Symbol.asyncDispose]();
  }
}

/** Checks a slow subscriber that stayed connected: its events are in order, and every lost one is counted. */
function checkKept(harness: Harness, received: readonly number[]): void {
  assert.equal(received.length + harness.dropped, EVENTS);
  assert.ok(harness.dropped > EVENTS / 4, `only ${harness.dropped} were dropped: the system took the others`);
  assert.ok(received.every((number, i) => i === 0 || number > (received[i - 1] ?? 0)));
  // All answers arrived, in order.
  assert.deepEqual(
    harness.slow.published,
    Array.from({ length: EVENTS / 400 }, (_, i) => (i + 1) * 400 + 1),
  );
  assert.equal(
    harness.drops.reduce((sum, one) => sum + one, 0),
    harness.dropped,
  );
  assert.ok(harness.drops.length < 60, `told ${harness.drops.length} times`);
  assert.deepEqual([harness.slow.receiver.closings, harness.healthy.receiver.closings], [[], []]);
  assert.equal(harness.slowLink.queuedBytes, 0);
}

const lanes = [
  ['tcp', cborCodec],
  ['ws', jsonCodec],
] as const;

describe('a stalled subscriber beside a fast one', () => {
  for (const [scheme, codec] of lanes) {
    const lane = `${scheme}, ${codec.name}`;

    it(`disconnect: closes its connection within the limit, and does not affect the other (${lane})`, async () => {
      const maxBytes = 4 * KIB * KIB;
      await using harness = await Harness.start(scheme, codec, { maxBytes });
      const highest = await harness.flood();
      assert.ok(highest <= maxBytes, `${highest} bytes waited`);
      harness.resume();
      await harness.slow.receiver.over();
      const warnings = harness.log.at('warn').filter(({ text }) => text === 'peer reads too slowly, disconnected');
      assert.equal(warnings.length, 1);
      assert.deepEqual(harness.healthy.receiver.closings, []);
    });

    it(`drop-oldest: it gets the newest events, the others are counted (${lane})`, async () => {
      const maxMessages = 1000;
      await using harness = await Harness.start(scheme, codec, { policy: 'drop-oldest', maxMessages });
      const highest = await harness.flood();
      // The socket's buffer, and 1000 messages of about 1 KiB.
      assert.ok(highest < 300 * KIB + maxMessages * 1.3 * KIB, `${highest} bytes waited`);
      const received = await harness.recovered();
      checkKept(harness, received);
      const answers = EVENTS / 400;
      const newest = received.slice(-(maxMessages - answers));
      assert.deepEqual(
        newest,
        Array.from({ length: newest.length }, (_, i) => EVENTS - newest.length + i),
      );
    });

    it(`latest-per-topic: it gets the last value of each topic (${lane})`, async () => {
      await using harness = await Harness.start(scheme, codec, { policy: 'latest-per-topic' });
      const highest = await harness.flood();
      assert.ok(highest < 300 * KIB + (2 * TOPICS + EVENTS / 400) * 1.3 * KIB, `${highest} bytes waited`);
      const received = await harness.recovered();
      checkKept(harness, received);
      assert.deepEqual(
        received.slice(-TOPICS),
        Array.from({ length: TOPICS }, (_, i) => EVENTS - TOPICS + i),
      );
    });
  }
});
