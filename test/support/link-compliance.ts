import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Link } from '../../src/link/link.ts';
import { ErrorUri, ProtocolViolation } from '../../src/wamp/errors.ts';
import { asId } from '../../src/wamp/ids.ts';
import { MessageType } from '../../src/wamp/messages/message-type.ts';
import type { EventMessage, Message } from '../../src/wamp/messages/messages.ts';
import { Payload } from '../../src/wamp/payload.ts';
import type { LinkPair, MakePair } from './link-pairs.ts';
import { RecordingReceiver } from './recording-receiver.ts';
import { until } from './until.ts';

/** An EVENT with its number and further arguments. */
export function numbered(number: number, ...args: unknown[]): EventMessage {
  const payload = Payload.of([number, ...args]);
  return { type: MessageType.Event, subscription: asId(1), publication: asId(number + 1), details: {}, payload };
}

/** The numbers of the EVENTs among `messages`. */
export function numbers(messages: readonly Message[]): unknown[] {
  return messages.filter(message => message.type === MessageType.Event).map(message => message.payload.args[0]);
}

function listenTo(link: Link): RecordingReceiver {
  const receiver = new RecordingReceiver();
  link.open(receiver);
  return receiver;
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}

export interface ComplianceOptions {
  /** Whether the pairs can stall. */
  readonly stalls: boolean;
  /** The number of messages in each direction in tests with many. Default 2000. */
  readonly many?: number;
}

/** The contract of every link, for any transport. */
export function linkCompliance(name: string, makePair: MakePair, { stalls, many = 2000 }: ComplianceOptions): void {
  describe(`link compliance: ${name}`, () => {
    it('delivers in order, both ways', async () => {
      await using pair = await makePair();
      const [atClient, atServer] = [listenTo(pair.client), listenTo(pair.server)];
      for (const i of range(many)) {
        pair.client.send(numbered(i));
        pair.server.send(numbered(i));
      }
      assert.deepEqual(numbers(await atServer.received(many)), range(many));
      assert.deepEqual(numbers(await atClient.received(many)), range(many));
    });

    it('delivers nothing from within send', async () => {
      await using pair = await makePair();
      const [atClient, atServer] = [listenTo(pair.client), listenTo(pair.server)];
      pair.client.send(numbered(0));
      assert.equal(atServer.messages.length, 0);
      // A conversation does not grow the stack, and an answer arrives after the question was sent.
      let sending = false;
      atClient.onMessage = () => {
        assert.equal(sending, false);
        if (atClient.messages.length < 500) pair.client.send(numbered(atClient.messages.length));
      };
      atServer.onMessage = message => {
        sending = true;
        pair.server.send(message);
        sending = false;
      };
      assert.deepEqual(numbers(await atClient.received(500)), range(500));
    });

    it('keeps what arrives before it is opened', async () => {
      await using pair = await makePair();
      for (const i of range(100)) pair.client.send(numbered(i));
      const [otherClient, otherServer] = await pair.another();
      const atOther = listenTo(otherServer);
      otherClient.send(numbered(0));
      await atOther.received(1);
      assert.deepEqual(numbers(await listenTo(pair.server).received(100)), range(100));
    });

    it('calls closed of a receiver that opens the link after its end', async () => {
      await using pair = await makePair();
      pair.client.close('leaving');
      await listenTo(pair.client).over();
      await until('the server end to see it', () => pair.server.queuedBytes === 0);
      const late = listenTo(pair.server);
      await late.over();
      assert.equal(late.closings.length, 1);
    });

    it('can be opened only once', async () => {
      await using pair = await makePair();
      listenTo(pair.client);
      assert.throws(() => pair.client.open(new RecordingReceiver()));
    });

    it('carries large messages and binary intact', async () => {
      await using pair = await makePair();
      const [atClient, atServer] = [listenTo(pair.client), listenTo(pair.server)];
      const bytes = Uint8Array.from({ length: 1000 }, (_, i) => i % 256);
      const text = 'grün 20 °C '.repeat(50_000);
      for (const link of [pair.client, pair.server]) {
        link.send(numbered(0, bytes));
        link.send(numbered(1, text));
        link.send(numbered(2));
      }
      for (const receiver of [atClient, atServer]) {
        const messages = await receiver.received(3);
        assert.deepEqual(numbers(messages), [0, 1, 2]);
        const [first, second] = messages;
        assert.ok(first?.type === MessageType.Event && second?.type === MessageType.Event);
        const got = first.payload.args[1];
        assert.ok(got instanceof Uint8Array);
        assert.deepEqual([...got], [...bytes]);
        assert.equal(second.payload.args[1], text);
      }
    });

    for (const end of ['client', 'server'] as const) {
      it(`sends what is queued when the ${end} closes, and says closed once at both ends`, async () => {
        await using pair = await makePair();
        const [atClient, atServer] = [listenTo(pair.client), listenTo(pair.server)];
        const [near, atFar] = end === 'client' ? [pair.client, atServer] : [pair.server, atClient];
        for (const i of range(300)) near.send(numbered(i, 'x'.repeat(1000)));
        near.close('done');
        near.close('done again');
        near.send(numbered(999));
        await Promise.all([atClient.over(), atServer.over()]);
        assert.deepEqual(numbers(atFar.messages), range(300));
        pair.client.close('late');
        pair.server.close('late');
        pair.client.send(numbered(0));
        pair.server.send(numbered(0));
        await pair[Symbol.asyncDispose]();
        assert.deepEqual([atClient.closings.length, atServer.closings.length], [1, 1]);
        assert.equal(numbers(atFar.messages).length, 300);
        assert.deepEqual(pair.log.at('error'), []);
      });
    }

    it('can be closed by both ends at once', async () => {
      await using pair = await makePair();
      const [atClient, atServer] = [listenTo(pair.client), listenTo(pair.server)];
      pair.client.close('client');
      pair.server.close('server');
      await Promise.all([atClient.over(), atServer.over()]);
      assert.deepEqual([atClient.closings.length, atServer.closings.length], [1, 1]);
    });

    it('ABORTs only the peer that violates the protocol', async () => {
      await using pair = await makePair();
      const { atClient, atServer } = await refused(pair, new ProtocolViolation('second HELLO'));
      const abort = atClient.messages.at(-1);
      assert.ok(abort?.type === MessageType.Abort);
      assert.equal(abort.reason, ErrorUri.ProtocolViolation);
      assert.equal(abort.details['message'], 'second HELLO');
      assert.equal(atServer.messages.length, 1);
      assert.deepEqual(pair.log.at('error'), []);
    });

    it('ABORTs only the peer whose message the receiver fails on, and logs why', async () => {
      await using pair = await makePair();
      const { atClient } = await refused(pair, new Error('a bug of ours'));
      const abort = atClient.messages.at(-1);
      assert.ok(abort?.type === MessageType.Abort);
      assert.equal(abort.reason, ErrorUri.RuntimeError);
      assert.doesNotMatch(JSON.stringify(abort.details), /a bug of ours/);
      assert.equal(pair.log.at('error').length, 1);
    });

    it('survives a receiver that fails when told closed', async () => {
      await using pair = await makePair();
      const [atClient, atServer] = [listenTo(pair.client), listenTo(pair.server)];
      atServer.onClosed = () => {
        throw new Error('a bug of ours');
      };
      pair.client.close('leaving');
      await Promise.all([atClient.over(), atServer.over()]);
      assert.equal(pair.log.at('error').length, 1);
    });

    if (stalls) describeSlowPeer(makePair);
  });
}

/** The server's receiver fails on a message. Both ends close, and another link stays open. */
async function refused(
  pair: LinkPair,
  failure: Error,
): Promise<{ atClient: RecordingReceiver; atServer: RecordingReceiver }> {
  const [otherClient, otherServer] = await pair.another();
  const atOther = listenTo(otherServer);
  const [atClient, atServer] = [listenTo(pair.client), listenTo(pair.server)];
  atServer.onMessage = () => {
    throw failure;
  };
  for (const i of range(3)) pair.client.send(numbered(i));
  await Promise.all([atClient.over(), atServer.over()]);
  assert.equal(atClient.messages.length, 1, 'ABORT and nothing after it');
  assert.deepEqual([atClient.closings.length, atServer.closings.length], [1, 1]);
  otherClient.send(numbered(7));
  assert.deepEqual(numbers(await atOther.received(1)), [7]);
  assert.deepEqual(atOther.closings, []);
  otherClient.close('test over');
  return { atClient, atServer };
}

function describeSlowPeer(makePair: MakePair): void {
  const body = 'x'.repeat(64 * 1024);

  it('disconnects a peer that does not read, within the bound, and keeps the others', async () => {
    const limit = 2 * 1024 * 1024;
    await using pair = await makePair({ maxQueuedBytes: limit });
    const [atClient, atServer] = [listenTo(pair.client), listenTo(pair.server)];
    pair.stall();
    let highest = 0;
    for (let i = 0; atServer.closings.length === 0 && i < 2000; i++) {
      pair.server.send(numbered(i, body));
      highest = Math.max(highest, pair.server.queuedBytes);
      if (i % 16 === 0) await new Promise(setImmediate);
    }
    assert.match(await atServer.over(), /too slow/);
    assert.ok(highest <= limit, `${highest} bytes waited`);
    assert.ok(highest > limit / 2, `only ${highest} bytes waited`);
    const warnings = pair.log.at('warn');
    assert.equal(warnings.length, 1);
    assert.equal(warnings[0]?.fields['limit'], limit);
    pair.resume();
    await atClient.over();
    assert.deepEqual([atClient.closings.length, atServer.closings.length], [1, 1]);
  });

  it('loses and reorders nothing for a peer that pauses', async () => {
    await using pair = await makePair({ maxQueuedBytes: 64 * 1024 * 1024 });
    const atClient = listenTo(pair.client);
    pair.stall();
    for (const i of range(300)) {
      pair.server.send(numbered(i, body));
      if (i % 50 === 0) await new Promise(setImmediate);
    }
    assert.ok(pair.server.queuedBytes > 1024 * 1024, `only ${pair.server.queuedBytes} bytes waited`);
    pair.resume();
    assert.deepEqual(numbers(await atClient.received(300)), range(300));
    assert.equal(pair.server.queuedBytes, 0);
  });

  it('does not wait for ever to close to a peer that does not read', async () => {
    await using pair = await makePair({ maxQueuedBytes: 64 * 1024 * 1024, closeGrace: 100 });
    const atServer = listenTo(pair.server);
    pair.stall();
    for (const i of range(300)) {
      pair.server.send(numbered(i, body));
      if (i % 50 === 0) await new Promise(setImmediate);
    }
    pair.server.close('leaving');
    assert.equal(await atServer.over(), 'leaving');
    assert.equal(atServer.closings.length, 1);
  });
}
