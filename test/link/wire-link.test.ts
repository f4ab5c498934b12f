import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Timer } from '../../src/base/clock.ts';
import { TokenBucket } from '../../src/base/token-bucket.ts';
import { jsonCodec } from '../../src/codec/json/json-codec.ts';
import type { EndKind, FrameChannel, FrameReceiver } from '../../src/link/frame-channel.ts';
import type { LinkInfo } from '../../src/link/link.ts';
import { slowPolicies } from '../../src/link/outgoing-policy.ts';
import { WireLink } from '../../src/link/wire-link.ts';
import { CloseUri, ErrorUri, ProtocolViolation } from '../../src/wamp/errors.ts';
import { asId } from '../../src/wamp/ids.ts';
import { MessageType } from '../../src/wamp/messages/message-type.ts';
import type { Message } from '../../src/wamp/messages/messages.ts';
import { Payload } from '../../src/wamp/payload.ts';
import type { Uri } from '../../src/wamp/uri.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { numbered, numbers } from '../support/link-compliance.ts';
import { RecordingLogger } from '../support/recording-logger.ts';
import { RecordingReceiver } from '../support/recording-receiver.ts';

const KIB = 1024;

/** A channel whose peer reads as much as the test says. */
class FakeChannel implements FrameChannel {
  maxFrame = Number.POSITIVE_INFINITY;
  queuedBytes = 0;
  readonly written: Uint8Array[] = [];
  ended: [EndKind, string] | undefined;
  destroyed: string | undefined;
  paused = false;
  receiver: FrameReceiver | undefined;

  attach(receiver: FrameReceiver): void {
    this.receiver = receiver;
  }

  write(frame: Uint8Array): void {
    assert.equal(this.ended, undefined, 'nothing is written after the end');
    this.written.push(frame);
    this.queuedBytes += frame.byteLength;
  }

  end(kind: EndKind, reason: string): void {
    this.ended = [kind, reason];
  }

  destroy(reason: string): void {
    this.destroyed = reason;
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
  }

  drain(): void {
    this.queuedBytes = 0;
    this.receiver?.drained();
  }

  messages(): Message[] {
    return this.written.map(frame => jsonCodec.decode(frame));
  }
}

const info: LinkInfo = {
  transport: 'rawsocket',
  serializer: 'json',
  peer: '127.0.0.1:40312',
  loopback: true,
  listener: 'test',
  tls: false,
};

interface Setup {
  readonly link: WireLink;
  readonly channel: FakeChannel;
  readonly receiver: RecordingReceiver;
  readonly clock: FakeClock;
  readonly log: RecordingLogger;
}

function setup(maxQueuedBytes = 1024 * KIB): Setup {
  const channel = new FakeChannel();
  const clock = new FakeClock();
  const log = new RecordingLogger();
  const link = new WireLink({ info, codec: jsonCodec, channel, clock, log, outgoing: { maxBytes: maxQueuedBytes } });
  const receiver = new RecordingReceiver();
  link.open(receiver);
  return { link, channel, receiver, clock, log };
}

/** An answer, which nothing may cost the peer but the connection. */
function answer(request: number, ...args: unknown[]): Message {
  return { type: MessageType.Result, request: asId(request), details: {}, payload: Payload.of(args) };
}

function farewell(type: typeof MessageType.Goodbye | typeof MessageType.Abort, reason: Uri): Message {
  return { type, details: {}, reason, payload: Payload.empty };
}

/** An error without arguments. */
const failure: Message = {
  type: MessageType.Error,
  requestType: MessageType.Call,
  request: asId(1),
  details: {},
  error: ErrorUri.Canceled,
  payload: Payload.empty,
};

const body = 'x'.repeat(64 * KIB);

describe('wire link', () => {
  it('keeps messages unencoded while the socket is full, and sends them in order when it drains', () => {
    const { link, channel } = setup();
    for (let i = 0; i < 12; i++) link.send(numbered(i, body));
    // What the socket may hold, and the message that went over it.
    assert.equal(channel.written.length, 4);
    assert.ok(link.queuedBytes >= 12 * 64 * KIB && link.queuedBytes < 13 * 64 * KIB, `${link.queuedBytes}`);
    link.send(numbered(12));
    // The system has taken some, but the channel has not said that it drained.
    channel.queuedBytes = 100 * KIB;
    link.send(numbered(13));
    assert.equal(channel.written.length, 4, 'a small one does not overtake');
    while (numbers(channel.messages()).length < 14) channel.drain();
    assert.deepEqual(numbers(channel.messages()), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13]);
    channel.drain();
    assert.equal(link.queuedBytes, 0);
    link.send(numbered(14));
    assert.equal(channel.written.length, 15);
  });

  it('copies waiting payloads out of the receive buffer', () => {
    const { link, channel } = setup();
    channel.queuedBytes = 300 * KIB;
    const frame = Buffer.concat([Buffer.from('[36,1,1,{},[5]]'), Buffer.alloc(60 * KIB, ' ')]);
    const message = jsonCodec.decode(frame);
    assert.ok(message.type === MessageType.Event);
    link.send(message);
    frame.fill(0);
    channel.drain();
    assert.deepEqual(numbers(channel.messages()), [5]);
  });

  it('disconnects a peer that never reads, reports it once, and calls no receiver inside send', () => {
    const { link, channel, receiver, log } = setup(512 * KIB);
    for (let i = 0; i < 20; i++) link.send(numbered(i, body));
    assert.match(channel.destroyed ?? '', /too slow/);
    assert.deepEqual(receiver.closings, []);
    const warnings = log.at('warn');
    assert.equal(warnings.length, 1);
    assert.equal(warnings[0]?.fields['peer'], info.peer);
    assert.equal(warnings[0]?.fields['limit'], 512 * KIB);
    assert.equal(typeof warnings[0]?.fields['hint'], 'string');
    // 4 in the socket, 3 in the outbox, and the one that was too many; those after it were sent to a closed link.
    assert.deepEqual([link.counters.messagesOut, link.counters.dropped], [4, 4]);
    channel.receiver?.closed('whatever');
    assert.deepEqual(receiver.closings, [channel.destroyed]);
  });

  it('drop-oldest: drops EVENTs only, counts each, and reports later and seldom', async () => {
    const { link, channel, receiver, clock, log } = setup(1024 * KIB);
    link.setOutgoing({ policy: 'drop-oldest', maxMessages: 5 });
    channel.queuedBytes = 300 * KIB;
    for (let i = 0; i < 20; i++) link.send(i % 10 === 0 ? answer(i + 1) : numbered(i));
    assert.equal(link.counters.dropped, 15);
    assert.deepEqual(receiver.drops, []);
    await Promise.resolve();
    assert.deepEqual(receiver.drops, [15]);
    link.send(numbered(20));
    link.send(numbered(21));
    await Promise.resolve();
    clock.advance(999);
    assert.deepEqual(receiver.drops, [15]);
    clock.advance(1);
    assert.deepEqual(receiver.drops, [15, 2]);
    assert.deepEqual(
      log.lines.map(({ level, fields }) => [level, fields['count'], fields['dropped']]),
      [
        ['info', 15, 15],
        ['debug', 2, 17],
      ],
    );
    channel.drain();
    assert.deepEqual(numbers(channel.messages()), [19, 20, 21]);
    assert.equal(channel.messages().length, 5);
    assert.equal(link.counters.messagesOut + link.counters.dropped, 22);
    clock.advance(10_000);
    channel.queuedBytes = 300 * KIB;
    for (let i = 0; i < 8; i++) link.send(numbered(i));
    await Promise.resolve();
    assert.deepEqual([receiver.drops, clock.timers], [[15, 2, 3], 1]);
    channel.receiver?.closed('gone');
    assert.equal(clock.timers, 0);
  });

  it('disconnects a peer for which answers alone are too much, under every policy', () => {
    for (const policy of slowPolicies) {
      const { link, channel } = setup();
      link.setOutgoing({ policy, maxMessages: 10 });
      channel.queuedBytes = 300 * KIB;
      link.send(numbered(0));
      for (let i = 0; i < 9; i++) link.send(answer(i));
      assert.equal(channel.destroyed, undefined);
      link.send(answer(9));
      if (policy !== 'disconnect') {
        assert.deepEqual([channel.destroyed, link.counters.dropped], [undefined, 1]);
        link.send(numbered(1));
        assert.deepEqual([channel.destroyed, link.counters.dropped], [undefined, 2]);
        link.send(answer(10));
        assert.equal(link.counters.dropped, 2 + 11);
      }
      assert.match(channel.destroyed ?? '', /too slow: \d+ bytes in 11 messages/);
    }
  });

  it('reserves half of the limit behind a message that fills the socket', () => {
    const { link, channel } = setup(512 * KIB);
    link.send(numbered(0, 'x'.repeat(1024 * KIB)));
    link.send(numbered(1, body));
    link.send(numbered(2, body));
    assert.equal(channel.destroyed, undefined);
    channel.drain();
    assert.deepEqual(numbers(channel.messages()), [0, 1, 2]);
  });

  it('counts details too, which may come from another peer', () => {
    const { link, channel } = setup(512 * KIB);
    channel.queuedBytes = 300 * KIB;
    const details = { _text: ['x'.repeat(100 * KIB)], _bytes: { b: new Uint8Array(100 * KIB) } };
    link.send({ ...failure, details });
    assert.equal(channel.destroyed, undefined);
    assert.ok(link.queuedBytes > 500 * KIB, `${link.queuedBytes}`);
    link.send({ ...failure, details });
    assert.match(channel.destroyed ?? '', /too slow/);
  });

  it('returns to its initial limits', () => {
    const { link, channel } = setup();
    link.setOutgoing({ policy: 'latest-per-topic', maxMessages: 2 });
    channel.queuedBytes = 300 * KIB;
    for (let i = 0; i < 5; i++) link.send(numbered(i));
    assert.equal(link.counters.dropped, 4);
    link.setOutgoing(undefined);
    for (let i = 5; i < 10; i++) link.send(numbered(i));
    assert.equal(link.counters.dropped, 4);
    channel.drain();
    assert.deepEqual(numbers(channel.messages()), [4, 5, 6, 7, 8, 9]);
  });

  it('gives other peers a turn while one peer reads a lot', () => {
    const turns: (() => void)[] = [];
    const after = (_milliseconds: number, callback: () => void): Timer => {
      turns.push(callback);
      return { cancel: () => {} };
    };
    const channel = new FakeChannel();
    const clock = { now: () => 0, monotonic: () => 0, after };
    const outgoing = { maxBytes: 64 * 1024 * KIB };
    const link = new WireLink({ info, codec: jsonCodec, channel, clock, log: new RecordingLogger(), outgoing });
    channel.queuedBytes = 300 * KIB;
    for (let i = 0; i < 5000; i++) link.send(numbered(i));
    for (let i = 5000; i < 5100; i++) link.send(numbered(i, body));
    // A system that takes whatever it is given.
    Object.defineProperty(channel, 'queuedBytes', { get: () => 0, set: () => {} });
    channel.drain();
    const took = [channel.written.length];
    for (let turn = turns.shift(); turn !== undefined; turn = turns.shift()) {
      assert.equal(turns.length, 0);
      turn();
      took.push(channel.written.length - took.reduce((sum, one) => sum + one));
    }
    assert.deepEqual(numbers(channel.messages()), [...Array(5100).keys()]);
    // By number, then by size.
    assert.deepEqual(took.slice(0, 5), [1000, 1000, 1000, 1000, 1000]);
    assert.ok(
      took.slice(5).every(count => count <= 17),
      took.join(),
    );
    assert.equal(link.queuedBytes, 0);
  });

  it('sends nothing after ABORT', () => {
    const { link, channel } = setup();
    link.send(farewell(MessageType.Abort, ErrorUri.NoSuchRealm));
    link.send(numbered(1));
    assert.equal(channel.written.length, 1);
  });

  it('sends waiting messages before it closes, and stops waiting for a peer that does not read', () => {
    for (const reads of [true, false]) {
      const { link, channel, clock, receiver } = setup();
      for (let i = 0; i < 8; i++) link.send(numbered(i, body));
      link.close('leaving');
      link.close('again');
      assert.equal(channel.ended, undefined);
      if (reads) {
        channel.drain();
        assert.deepEqual(channel.ended, ['normal', 'leaving']);
        assert.deepEqual(numbers(channel.messages()), [0, 1, 2, 3, 4, 5, 6, 7]);
        channel.receiver?.closed('the peer closed');
        assert.equal(clock.timers, 0);
      } else {
        clock.advance(2000);
        assert.equal(channel.destroyed, 'leaving');
        channel.receiver?.closed('destroyed');
        assert.equal(link.counters.dropped, 4);
      }
      assert.deepEqual(receiver.closings, ['leaving']);
    }
  });

  it('passes the kind of end to the transport', () => {
    const cases = [
      [farewell(MessageType.Goodbye, CloseUri.GoodbyeAndOut), 'normal'],
      [farewell(MessageType.Goodbye, CloseUri.SystemShutdown), 'going-away'],
      [farewell(MessageType.Abort, ErrorUri.ProtocolViolation), 'violation'],
      [farewell(MessageType.Abort, ErrorUri.NoSuchRealm), 'normal'],
    ] as const;
    for (const [message, kind] of cases) {
      const { link, channel } = setup();
      link.send(message);
      link.close('x');
      assert.deepEqual(channel.ended, [kind, 'x']);
    }
  });

  it('sends ABORT for a frame that is not a message, and ignores later frames', () => {
    const { channel, receiver } = setup();
    channel.receiver?.receiveFrame(Buffer.from('[36,1,1,{},[1]]'));
    channel.receiver?.receiveFrame(Buffer.from('[36,1'));
    channel.receiver?.receiveFrame(Buffer.from('[36,1,1,{},[2]]'));
    const [abort] = channel.messages();
    assert.ok(abort?.type === MessageType.Abort);
    assert.equal(abort.reason, ErrorUri.ProtocolViolation);
    assert.deepEqual(channel.ended?.[0], 'violation');
    assert.deepEqual(numbers(receiver.messages), [1]);
    channel.receiver?.closed('gone');
    assert.equal(receiver.closings.length, 1);
  });

  it('sends ABORT for a violation that the transport found', () => {
    const { channel, receiver } = setup();
    channel.receiver?.refuse(new ProtocolViolation('reserved bits'));
    assert.equal(channel.messages()[0]?.type, MessageType.Abort);
    assert.equal(receiver.closings.length, 1);
  });

  it('drops messages that are too large or cannot be encoded, and reports them later', async () => {
    const { link, channel, receiver, log } = setup();
    channel.maxFrame = 100;
    const large = numbered(1, 'x'.repeat(100));
    const impossible = numbered(2, () => {});
    const circle: unknown[] = [];
    circle.push(circle);
    const endless = numbered(3, circle);
    link.send(large);
    link.send(impossible);
    link.send(endless);
    link.send(numbered(4));
    assert.deepEqual(numbers(channel.messages()).at(-1), 4);
    assert.equal(receiver.unsendables.length, 0);
    await Promise.resolve();
    assert.ok(receiver.unsendables.includes(large) && receiver.unsendables.includes(endless));
    assert.equal(link.counters.dropped, receiver.unsendables.length);
    assert.equal(log.at('error').length, receiver.unsendables.length - 1);
    assert.deepEqual(receiver.closings, []);
  });

  it('pauses a peer while the link has no receiver', () => {
    const channel = new FakeChannel();
    const link = new WireLink({ info, codec: jsonCodec, channel, clock: new FakeClock(), log: new RecordingLogger() });
    const frame = Buffer.from(`[36,1,1,{},["${body}"]]`);
    for (let i = 0; i < 20 && !channel.paused; i++) channel.receiver?.receiveFrame(frame);
    assert.equal(channel.paused, true);
    assert.equal(link.counters.messagesIn, 16);
    const receiver = new RecordingReceiver();
    link.open(receiver);
    assert.equal(channel.paused, false);
    assert.equal(receiver.messages.length, 16);
  });

  it('pauses after the messages of a peer caused 2,000 messages, until the other peers had a turn', async () => {
    const { channel, link } = setup();
    link.spread(1999);
    assert.equal(channel.paused, false);
    link.spread(1);
    assert.equal(channel.paused, true, 'what it says next waits');
    await Promise.resolve();
    assert.equal(channel.paused, false, 'the channel reads on, when its turn comes');
    link.pause();
    link.spread(5000);
    await Promise.resolve();
    assert.equal(channel.paused, true, 'a pause that is asked for outlasts the rest');
  });

  it('stays paused while the receiver asks for it, regardless of a rate', () => {
    const { link, channel, clock } = setup();
    const bucket = new TokenBucket({ rate: 1, burst: 1 }, clock);
    link.setMeters({ messages: bucket });
    link.pause();
    assert.equal(channel.paused, true);
    for (let i = 0; i < 3; i++) channel.receiver?.receiveFrame(Buffer.from('[16,1,{},"a.b"]'));
    clock.advance(5000);
    assert.equal(channel.paused, true, 'the pause of the receiver outlasts the one of the rate');
    link.resume();
    assert.equal(channel.paused, false);
  });
});
