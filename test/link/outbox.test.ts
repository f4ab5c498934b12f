import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Outbox } from '../../src/link/outbox.ts';
import { type OutgoingPolicy, type SlowPolicy, slowPolicies } from '../../src/link/outgoing-policy.ts';
import { asId } from '../../src/wamp/ids.ts';
import { MessageType } from '../../src/wamp/messages/message-type.ts';
import type { EventMessage, Message } from '../../src/wamp/messages/messages.ts';
import { Payload } from '../../src/wamp/payload.ts';
import { fc } from '../support/fast-check.ts';

function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  const gc: unknown = runInNewContext('gc');
  assert.ok(typeof gc === 'function');
  gc();
}

function event(subscription: number, topic: string | undefined, number: number): EventMessage {
  const details = topic === undefined ? {} : { topic };
  return {
    type: MessageType.Event,
    subscription: asId(subscription),
    publication: asId(number),
    details,
    payload: Payload.empty,
  };
}

function answer(number: number): Message {
  return { type: MessageType.Published, request: asId(number), publication: asId(number) };
}

function drained(outbox: Outbox): Message[] {
  const all: Message[] = [];
  for (let message = outbox.shift(); message !== undefined; message = outbox.shift()) all.push(message);
  return all;
}

interface Waiting {
  readonly message: Message;
  readonly bytes: number;
  readonly topic: string | undefined;
  /** Of which topics the newest may be replaced. */
  replaceable: boolean;
  readonly turn: number;
}

/** The same by definition, with a list that is searched from end to end each time. */
class Model {
  waiting: Waiting[] = [];
  taken = 0;

  get bytes(): number {
    return this.waiting.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  offer(message: Message, bytes: number, { policy, maxMessages }: OutgoingPolicy, room: number): number | undefined {
    const fits = (among: readonly Waiting[]): boolean =>
      among.length + 1 <= maxMessages && among.reduce((sum, one) => sum + one.bytes, bytes) <= room;
    const isEvent = message.type === MessageType.Event;
    const topic = isEvent ? `${message.subscription}/${String(message.details['topic'])}` : undefined;
    const mine: Waiting = { message, bytes, topic, replaceable: false, turn: this.taken + this.waiting.length };
    if (policy === 'disconnect') {
      if (!fits(this.waiting)) return undefined;
      this.waiting.push(mine);
      return 0;
    }
    if (!fits(this.waiting.filter(one => one.message.type !== MessageType.Event))) return isEvent ? 1 : undefined;
    const before = this.waiting.length;
    let { turn } = mine;
    if (isEvent && policy === 'latest-per-topic') {
      const older = this.waiting.find(one => one.topic === topic && one.replaceable);
      if (older !== undefined && this.taken <= older.turn) {
        turn = older.turn;
        this.waiting = this.waiting.filter(one => one !== older);
      }
      for (const one of this.waiting) if (one.topic === topic) one.replaceable = false;
    }
    while (!fits(this.waiting)) {
      const oldest = this.waiting.findIndex(one => one.message.type === MessageType.Event);
      this.waiting.splice(oldest, 1);
    }
    const lost = before - this.waiting.length;
    this.waiting.push({ ...mine, turn, replaceable: isEvent && policy === 'latest-per-topic' });
    return lost;
  }

  shift(): Message | undefined {
    const first = this.waiting.shift();
    if (first !== undefined) this.taken++;
    return first?.message;
  }
}

const step = fc.oneof(
  { weight: 2, arbitrary: fc.constant('take' as const) },
  { weight: 1, arbitrary: fc.record({ answer: fc.constant(true as const), bytes: fc.integer({ min: 1, max: 40 }) }) },
  {
    weight: 6,
    arbitrary: fc.record({
      answer: fc.constant(false as const),
      subscription: fc.integer({ min: 1, max: 3 }),
      topic: fc.constantFrom(undefined, 'a', 'b', 'c'),
      bytes: fc.integer({ min: 1, max: 40 }),
    }),
  },
);

type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** Runs a program on the outbox and on the model; both must agree at each step. Returns what came in and went out. */
function run(policyOf: (step: number) => OutgoingPolicy, steps: readonly Step[]) {
  const outbox = new Outbox();
  const model = new Model();
  const [sent, received]: [Message[], Message[]] = [[], []];
  let lost = 0;
  for (const [number, what] of steps.entries()) {
    if (what === 'take') {
      const message = outbox.shift();
      assert.equal(message, model.shift());
      if (message !== undefined) received.push(message);
    } else {
      const message = what.answer ? answer(number) : event(what.subscription, what.topic, number);
      const bounds = policyOf(number);
      const result = outbox.offer(message, what.bytes, bounds, bounds.maxBytes);
      assert.equal(result, model.offer(message, what.bytes, bounds, bounds.maxBytes));
      if (result !== undefined) {
        sent.push(message);
        lost += result;
        assert.ok(outbox.length <= bounds.maxMessages && outbox.bytes <= bounds.maxBytes);
      }
    }
    assert.deepEqual([outbox.length, outbox.bytes], [model.waiting.length, model.bytes]);
  }
  received.push(...drained(outbox));
  assert.deepEqual([outbox.length, outbox.bytes], [0, 0]);
  return { sent, received, lost };
}

describe('outbox', () => {
  const bound = fc.record({
    maxBytes: fc.integer({ min: 20, max: 300 }),
    maxMessages: fc.integer({ min: 1, max: 12 }),
  });

  for (const policy of slowPolicies) {
    it(`${policy}: behaves like its definition: keeps, drops and orders the same messages`, () => {
      fc.assert(
        fc.property(bound, fc.array(step, { maxLength: 150 }), (bounds, steps) => {
          const { sent, received, lost } = run(() => ({ policy, ...bounds }), steps);
          assert.equal(received.length + lost, sent.length);
          const places = received.map(message => sent.indexOf(message));
          assert.deepEqual(
            places,
            places.toSorted((a, b) => a - b),
          );
          const answers = (of: readonly Message[]): Message[] => of.filter(({ type }) => type !== MessageType.Event);
          assert.deepEqual(answers(received), answers(sent));
        }),
        { numRuns: 300 },
      );
    });
  }

  it('continues if the policy changes while messages wait', () => {
    const bounds = { maxBytes: 200, maxMessages: 10 };
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 100 }),
        fc.array(fc.constantFrom<SlowPolicy>('drop-oldest', 'latest-per-topic'), { minLength: 1 }),
        (steps, policies) => {
          const policyOf = (at: number): OutgoingPolicy => ({
            policy: policies[at % policies.length] ?? 'drop-oldest',
            ...bounds,
          });
          const { sent, received, lost } = run(policyOf, steps);
          assert.equal(received.length + lost, sent.length);
        },
      ),
    );
  });

  it('keeps no reference to messages that were sent or dropped', async () => {
    const bounds: OutgoingPolicy = { policy: 'latest-per-topic', maxBytes: 1e6, maxMessages: 50 };
    const outbox = new Outbox();
    const fill = (): WeakRef<Message>[] =>
      Array.from({ length: 200 }, (_, i) => {
        const message = i % 10 === 0 ? answer(i) : event(i % 100, undefined, i);
        outbox.offer(message, 10, bounds, bounds.maxBytes);
        return new WeakRef(message);
      });
    const refs = fill();
    for (let i = 0; i < 49; i++) outbox.shift();
    assert.equal(outbox.length, 1);
    // A reference that was made in this turn of the event loop lives until it ends.
    await new Promise(setImmediate);
    collectGarbage();
    assert.equal(refs.filter(ref => ref.deref() !== undefined).length, 1);
    assert.equal(drained(outbox).length, 1);
  });

  it('drop-oldest: keeps as many of the newest as fit', () => {
    const outbox = new Outbox();
    const bounds: OutgoingPolicy = { policy: 'drop-oldest', maxBytes: 1000, maxMessages: 10 };
    const events = Array.from({ length: 100 }, (_, i) => event(1, undefined, i));
    const lost = events.map(one => outbox.offer(one, 10, bounds, bounds.maxBytes) ?? Number.NaN);
    assert.equal(
      lost.reduce((sum, one) => sum + one),
      90,
    );
    assert.deepEqual(drained(outbox), events.slice(90));
  });

  it('latest-per-topic: keeps the newest of each subscription and topic', () => {
    const outbox = new Outbox();
    const bounds: OutgoingPolicy = { policy: 'latest-per-topic', maxBytes: 1000, maxMessages: 10 };
    const waiting = [
      event(1, 'a', 1),
      answer(2),
      event(1, 'b', 3),
      event(2, undefined, 4),
      event(3, 'a', 5),
      event(1, 'a', 6),
      answer(7),
      event(2, undefined, 8),
    ];
    for (const message of waiting) outbox.offer(message, 10, bounds, bounds.maxBytes);
    assert.deepEqual(
      drained(outbox),
      [1, 2, 4, 5, 6, 7].map(i => waiting[i]),
    );
  });

  it('latest-per-topic: a topic that changes all the time still reaches a peer that is always behind', () => {
    const outbox = new Outbox();
    const bounds: OutgoingPolicy = { policy: 'latest-per-topic', maxBytes: 1e6, maxMessages: 1000 };
    const topics = 20;
    let number = 0;
    let hot = 0;
    // Between two turns of the peer every topic changes, and the hot one last of all.
    for (let round = 0; round < 200; round++) {
      for (let topic = 2; topic <= topics; topic++) outbox.offer(event(topic, undefined, number++), 10, bounds, 1e6);
      outbox.offer(event(1, undefined, number++), 10, bounds, 1e6);
      const taken = outbox.shift();
      if (taken?.type === MessageType.Event && taken.subscription === 1) hot++;
      assert.ok(outbox.length <= 2 * topics, `${outbox.length} wait`);
    }
    assert.ok(hot >= 200 / topics / 3, `it was sent ${hot} times`);
  });
});
