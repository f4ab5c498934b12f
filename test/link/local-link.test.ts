import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { localLinkPair } from '../../src/link/local-link.ts';
import { asId } from '../../src/wamp/ids.ts';
import { MessageType } from '../../src/wamp/messages/message-type.ts';
import type { Message } from '../../src/wamp/messages/messages.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { linkCompliance, numbered, numbers } from '../support/link-compliance.ts';
import { localPair } from '../support/link-pairs.ts';
import { testLinkInfo } from '../support/list-link.ts';
import { RecordingLogger } from '../support/recording-logger.ts';
import { RecordingReceiver } from '../support/recording-receiver.ts';

linkCompliance('local', localPair, { stalls: false });

const MOST = 100_000;

function setup() {
  const clock = new FakeClock();
  const [near, far] = localLinkPair(testLinkInfo, testLinkInfo, new RecordingLogger(), clock);
  const [atNear, atFar] = [new RecordingReceiver(), new RecordingReceiver()];
  near.open(atNear);
  far.open(atFar);
  return { near, far, atNear, atFar, clock };
}

function answer(request: number): Message {
  return { type: MessageType.Published, request: asId(request), publication: asId(request) };
}

describe('local link: a burst', () => {
  it('drops its oldest EVENTs only, counts and reports them, and then works as before', async () => {
    const { near, far, atNear, atFar, clock } = setup();
    const sent = Array.from({ length: MOST + 500 }, (_, i) => (i % 1000 === 0 ? answer(i + 1) : numbered(i)));
    for (const message of sent) near.send(message);
    assert.equal(near.queuedBytes, MOST * 200);
    assert.equal(near.counters?.dropped, 500);
    await Promise.resolve();
    assert.deepEqual(
      atFar.messages,
      sent.filter((message, i) => message.type !== MessageType.Event || i > 500),
    );
    assert.deepEqual([atNear.drops, atFar.drops], [[500], []]);
    assert.deepEqual([atNear.closings, atFar.closings], [[], []]);
    near.send(numbered(1));
    far.send(numbered(2));
    await Promise.resolve();
    assert.deepEqual([numbers(atFar.messages.slice(-1)), numbers(atNear.messages)], [[1], [2]]);
    const nothing = { bytesIn: 0, bytesOut: 0, slowed: 0 };
    assert.deepEqual(near.counters, { messagesIn: 1, messagesOut: MOST + 1, dropped: 500, ...nothing });
    assert.deepEqual(far.counters, { messagesIn: MOST + 1, messagesOut: 1, dropped: 0, ...nothing });
    assert.equal(near.queuedBytes, 0);
    near.close('test over');
    await Promise.resolve();
    assert.equal(clock.timers, 0);
  });

  it('closes if answers alone are too many, and delivers the earlier ones', async () => {
    const { near, atNear, atFar } = setup();
    for (let i = 0; i < MOST; i++) near.send(answer(i + 1));
    near.send(numbered(0));
    near.send(answer(MOST + 1));
    near.send(answer(MOST + 2));
    assert.equal(near.counters?.dropped, 2);
    await Promise.resolve();
    assert.equal(atFar.messages.length, MOST);
    assert.match(atFar.closings[0] ?? '', /more than 100000 messages/);
    assert.equal(atNear.closings.length, 1);
  });
});
