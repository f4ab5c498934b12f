import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { BrokerMessage } from '../../../../../bridges/mqtt/broker/messages/broker-message.ts';
import { MessageMemoryBudget } from '../../../../../bridges/mqtt/broker/messages/message-memory-budget.ts';
import {
  type QueuedMessage,
  QueuedState,
  SessionQueue,
} from '../../../../../bridges/mqtt/broker/messages/session-queue.ts';
import { MqttSession } from '../../../../../bridges/mqtt/broker/sessions/mqtt-session.ts';
import type { SessionConnection } from '../../../../../bridges/mqtt/broker/sessions/session-connection.ts';
import { DropCounter } from '../../../../../bridges/mqtt/report/drop-counter.ts';
import { silentLogger } from '../../../../../src/base/logger.ts';

const ROOM = 100;
const message = (payload = 'x'): BrokerMessage => new BrokerMessage('t', Buffer.from(payload), 1, false, 1);

/** Counts each access to an entry, so that work is measured without a clock. */
function countLooks(entry: QueuedMessage, counter: { looks: number }): void {
  const fields = new Map(Object.entries(entry));
  for (const name of fields.keys()) {
    Object.defineProperty(entry, name, {
      get: () => {
        counter.looks += 1;
        return fields.get(name);
      },
      set: (value: unknown) => fields.set(name, value),
    });
  }
}

function session(full: 'drop-oldest' | 'drop-newest' = 'drop-oldest', window = 5): MqttSession {
  const limits = { maxMessages: ROOM, maxBytes: 1_000_000_000, full };
  const parts = { limits, window, memory: new MessageMemoryBudget(1e12), drops: new DropCounter(silentLogger) };
  return new MqttSession('c', undefined, true, { ...parts, journal: undefined, relief: { relieve: () => false } });
}

/** A client that receives PUBLISH and acknowledges nothing, or one whose socket is full. */
function connection(writable: boolean): SessionConnection & { readonly sent: Buffer[] } {
  const sent: Buffer[] = [];
  return {
    writable,
    sent,
    close: () => {},
    send: packet => sent.push(packet),
    sendPublish: packet => sent.push(packet),
    sendAtMostOnce: () => {},
  };
}

describe('MqttSession: a full queue', () => {
  const standings = {
    'the client is away': () => {},
    'the client acknowledges nothing': (one: MqttSession) => {
      one.connection = connection(true);
    },
    'the socket of the client is full': (one: MqttSession) => {
      one.connection = connection(false);
    },
    'the client has come back and its socket is full': (one: MqttSession) => {
      one.connection = connection(true);
      for (let n = 0; n < 20; n++) one.enqueue(message(), 1, false);
      one.pump();
      one.connection = connection(false);
      one.queue.restart();
    },
  };
  for (const [standing, arrange] of Object.entries(standings)) {
    it(`needs a constant number of steps for each message: ${standing}`, () => {
      const one = session();
      arrange(one);
      const counter = { looks: 0 };
      const looksOf = (count: number): number => {
        const before = counter.looks;
        for (let n = 0; n < count; n++) {
          const entry = one.enqueue(message(), 1, false);
          if (entry !== undefined) countLooks(entry, counter);
          one.pump();
        }
        return (counter.looks - before) / count;
      };
      looksOf(2 * ROOM);
      const early = looksOf(500);
      looksOf(5_000);
      const late = looksOf(500);
      assert.ok(early > 0 && late <= early + 1, `${late} steps for each message, ${early} at first`);
      assert.equal(one.queue.length, ROOM);
    });
  }

  it('keeps no dropped message in memory, whatever blocks the client', async () => {
    setFlagsFromString('--expose-gc');
    const collect: unknown = runInNewContext('gc');
    assert.ok(typeof collect === 'function');
    for (const [standing, arrange] of Object.entries(standings)) {
      const one = session();
      arrange(one);
      const refs: WeakRef<BrokerMessage>[] = [];
      for (let n = 0; n < 1000; n++) {
        const next = message();
        refs.push(new WeakRef(next));
        one.enqueue(next, 1, false);
        one.pump();
      }
      await new Promise(setImmediate);
      collect();
      const alive = refs.filter(ref => ref.deref() !== undefined).length;
      assert.ok(alive <= ROOM + 1, `${alive} messages are kept: ${standing}`);
    }
  });

  it('drops no message that is being written, and finds that out in a constant number of steps', () => {
    const queue = new SessionQueue(5, new MessageMemoryBudget(1e12));
    const counter = { looks: 0 };
    for (let n = 0; n < 10_000; n++) countLooks(queue.add(message(), 1, false, QueuedState.Staged), counter);
    const before = counter.looks;
    assert.equal(queue.oldestWaiting(), undefined);
    assert.ok(counter.looks - before <= 2);
  });

  it('drops expired messages and keeps none of them in memory', () => {
    const one = session();
    for (let n = 0; n < ROOM; n++) one.enqueue(message(), 1, false);
    const steps = [...one.expire(2)];
    assert.equal(steps.length, ROOM, 'a step for each message');
    assert.equal(one.queue.length, 0);
    assert.equal(one.queue.bytes, 0);
    assert.equal(one.queue.oldestWaiting(), undefined);
  });
});

describe('SessionQueue: order', () => {
  it('repeats sent messages in their order before unsent ones [MQTT-4.6.0-1]', () => {
    const queue = new SessionQueue(3, new MessageMemoryBudget(1e12));
    const added = Array.from({ length: 6 }, (_, n) => queue.add(message(`${n}`), 1, false, QueuedState.Waiting));
    for (let n = 0; n < 3; n++) {
      const entry = queue.next();
      if (entry !== undefined) entry.state = QueuedState.Sent;
    }
    const [first, second] = added;
    assert.ok(first && second);
    queue.remove(first);
    queue.restart();
    queue.next();
    queue.restart();
    const order: string[] = [];
    for (let entry = queue.next(); entry !== undefined; entry = queue.next()) {
      order.push(`${entry.message.payload}${entry.dup ? ' again' : ''}`);
      queue.remove(entry);
    }
    assert.deepEqual(order, ['1 again', '2 again', '3', '4', '5']);
  });

  it('sends a message once it is written, and others meanwhile', () => {
    const queue = new SessionQueue(3, new MessageMemoryBudget(1e12));
    const staged = queue.add(message('staged'), 1, false, QueuedState.Staged);
    const other = queue.add(message('other'), 1, false, QueuedState.Waiting);
    assert.equal(queue.next(), other);
    assert.equal(queue.next(), undefined);
    queue.release(staged);
    assert.equal(queue.next(), staged);
    queue.remove(staged);
    queue.release(staged);
    assert.equal(queue.next(), undefined);
  });
});
