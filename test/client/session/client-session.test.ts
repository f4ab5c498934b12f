import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { clientFeatures } from '../../../src/client/session/client-features.ts';
import { ClientSession, type SessionOptions } from '../../../src/client/session/client-session.ts';
import type { Link, LinkInfo, LinkReceiver } from '../../../src/link/link.ts';
import { ErrorUri } from '../../../src/wamp/errors.ts';
import { MessageType } from '../../../src/wamp/messages/message-type.ts';
import type { Message } from '../../../src/wamp/messages/messages.ts';
import { Payload } from '../../../src/wamp/payload.ts';
import { asUri } from '../../../src/wamp/uri.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { ALL_FEATURES, joined, RouterPeer, refusal, settle } from '../router-peer.ts';

function joining(options: Partial<SessionOptions> = {}) {
  const router = new RouterPeer();
  const clock = new FakeClock();
  return { router, clock, session: ClientSession.join(router.near, { realm: 'realm1', clock, ...options }) };
}

/** A link that records which messages reach the receiver given to `open`. */
class ObservedLink implements Link {
  readonly handshake: MessageType[] = [];
  readonly #inner: Link;

  constructor(inner: Link) {
    this.#inner = inner;
  }

  get info(): LinkInfo {
    return this.#inner.info;
  }

  get queuedBytes(): number {
    return this.#inner.queuedBytes;
  }

  open(receiver: LinkReceiver): void {
    this.#inner.open({
      message: message => {
        this.handshake.push(message.type);
        receiver.message(message);
      },
      closed: reason => receiver.closed(reason),
    });
  }

  setReceiver(receiver: LinkReceiver): void {
    this.#inner.setReceiver?.(receiver);
  }

  send(message: Message): void {
    this.#inner.send(message);
  }

  close(reason: string): void {
    this.#inner.close(reason);
  }
}

describe('joining', () => {
  it('sends HELLO with its roles, and has joined after WELCOME [basic/sessions]', async () => {
    const { router, clock, session } = joining({ authid: 'joe', authmethods: ['anonymous'], details: { agent: 'x' } });
    const hello = await router.expect(MessageType.Hello);
    assert.equal(hello.realm, 'realm1');
    const { roles, ...rest } = hello.details;
    assert.deepEqual(rest, { authid: 'joe', authmethods: ['anonymous'], agent: 'x' });
    for (const [role, features] of Object.entries(clientFeatures)) {
      const announced = (roles as Record<string, { features: object }>)[role];
      assert.deepEqual(Object.keys(announced?.features ?? {}), Object.keys(features));
    }
    router.welcome();
    const { id, realm, welcome } = await session;
    assert.deepEqual([id, realm, welcome], [7, 'realm1', ALL_FEATURES]);
    assert.equal(clock.timers, 0);
  });

  it('leaves the path of messages at WELCOME', async () => {
    const router = new RouterPeer();
    const link = new ObservedLink(router.near);
    const session = ClientSession.join(link, { realm: 'realm1', clock: new FakeClock() });
    router.welcome();
    await session;
    router.goodbye();
    assert.equal(await (await session).closed, 'wamp.close.goodbye_and_out');
    assert.deepEqual(link.handshake, [MessageType.Welcome]);
  });

  it('forwards to the session if the link cannot replace its receiver', async () => {
    const router = new RouterPeer();
    const link = new ObservedLink(router.near);
    Object.defineProperty(link, 'setReceiver', { value: undefined });
    const session = ClientSession.join(link, { realm: 'realm1', clock: new FakeClock() });
    router.welcome();
    await session;
    router.goodbye();
    assert.equal(await (await session).closed, 'wamp.close.goodbye_and_out');
    assert.deepEqual(link.handshake, [MessageType.Welcome, MessageType.Goodbye]);
  });

  it('rejects with the reason and message of ABORT, and closes', async () => {
    const { router, clock, session } = joining();
    router.abort('wamp.error.no_such_realm', 'there is no realm1');
    await assert.rejects(session, { uri: 'wamp.error.no_such_realm', args: ['there is no realm1'] });
    await settle();
    assert.notEqual(router.closed, undefined);
    assert.equal(clock.timers, 0);
  });

  it('rejects with network_failure if the link is lost', async () => {
    const { router, session } = joining();
    router.far.close('cable cut');
    await assert.rejects(session, { uri: ErrorUri.NetworkFailure, args: ['cable cut'] });
  });

  it('rejects when the timeout of joining expires', async () => {
    const { router, clock, session } = joining({ timeout: 3000 });
    await router.received();
    clock.advance(2999);
    assert.deepEqual(await router.received(), []);
    clock.advance(1);
    await refusal(session, ErrorUri.Timeout);
    await router.expect(MessageType.Abort);
    assert.notEqual(router.closed, undefined);
    router.welcome();
    await settle();
  });

  it('answers CHALLENGE [advanced/authentication]', async () => {
    const { router, session } = joining({ onChallenge: async ({ method, extra }) => `${method} ${extra['salt']}` });
    await router.received();
    router.send({ type: MessageType.Challenge, method: 'wampcra', extra: { salt: 'x' } });
    const answer = await router.expect(MessageType.Authenticate);
    assert.deepEqual([answer.signature, answer.extra], ['wampcra x', {}]);
    router.welcome();
    await session;
  });

  it('aborts if a challenge cannot be answered', async () => {
    const onChallenge = () => {
      throw new Error('no key');
    };
    for (const options of [{ onChallenge }, {}]) {
      const { router, session } = joining(options);
      await router.received();
      router.send({ type: MessageType.Challenge, method: 'ticket', extra: {} });
      await refusal(session, ErrorUri.AuthenticationFailed);
      assert.equal((await router.expect(MessageType.Abort)).reason, ErrorUri.AuthenticationFailed);
    }
  });

  it('aborts if the router sends another message before WELCOME [basic/sessions]', async () => {
    const { router, session } = joining();
    await router.received();
    router.event(1, []);
    await refusal(session, ErrorUri.ProtocolViolation);
    assert.equal((await router.expect(MessageType.Abort)).reason, ErrorUri.ProtocolViolation);
  });
});

describe('session', () => {
  it('sends GOODBYE and closes after the answer [basic/sessions]', async () => {
    const { session, router, clock } = await joined();
    const call = session.call('p');
    await router.received();
    const leaving = session.leave();
    await refusal(call, ErrorUri.NetworkFailure);
    assert.equal((await router.expect(MessageType.Goodbye)).reason, 'wamp.close.close_realm');
    router.event(5, []);
    router.send({ type: MessageType.Hello, realm: asUri('ignored'), details: {} });
    router.goodbye();
    await leaving;
    assert.equal(await session.closed, 'left');
    await settle();
    assert.notEqual(router.closed, undefined);
    assert.equal(clock.timers, 0);
    await session.leave();
    assert.deepEqual(await router.received(), []);
  });

  it('closes if the router does not answer GOODBYE', async () => {
    const { session, router, clock } = await joined();
    const leaving = session.leave('wamp.close.system_shutdown');
    assert.equal((await router.expect(MessageType.Goodbye)).reason, 'wamp.close.system_shutdown');
    clock.advance(2000);
    await leaving;
    await settle();
    assert.notEqual(router.closed, undefined);
  });

  it('answers GOODBYE of the router and ends', async () => {
    const { session, router } = await joined();
    router.send({
      type: MessageType.Goodbye,
      details: { message: 'maintenance' },
      reason: asUri('wamp.close.system_shutdown'),
    });
    assert.equal((await router.expect(MessageType.Goodbye)).reason, 'wamp.close.goodbye_and_out');
    assert.equal(await session.closed, 'wamp.close.system_shutdown: maintenance');
    await refusal(session.publish('t'), ErrorUri.NetworkFailure);
    await refusal(
      session.subscribe('t', () => {}),
      ErrorUri.NetworkFailure,
    );
    await refusal(
      session.register('p', () => {}),
      ErrorUri.NetworkFailure,
    );
    await refusal(session.call('p'), ErrorUri.NetworkFailure);
    await session.leave();
  });

  it('ends when the link is lost, and rejects all pending requests', async () => {
    const { session, router } = await joined();
    const waiting = [
      session.publish('t', { acknowledge: true }),
      session.subscribe('t', () => {}),
      session.register('p', () => {}),
      session.call('p'),
    ];
    await router.received();
    router.far.close('cable cut');
    for (const one of waiting) await refusal(one, ErrorUri.NetworkFailure);
    assert.equal(await session.closed, 'cable cut');
  });

  it('ends on ABORT', async () => {
    const { session, router } = await joined();
    router.abort('wamp.error.protocol_violation', 'you did it');
    assert.equal(await session.closed, 'wamp.error.protocol_violation: you did it');
  });

  it('aborts if the router violates the protocol [basic/building_blocks: protocol errors]', async () => {
    const violations: ((router: RouterPeer) => void)[] = [
      router => router.welcome(),
      router => router.published(1),
      router => router.subscribed(1, 1),
      router => router.unsubscribed(1),
      router => router.registered(1, 1),
      router => router.unregistered(1),
      router => router.result(1, []),
      router => router.error(MessageType.Call, 1, 'a.b'),
      router => router.error(MessageType.Invocation, 1, 'a.b'),
      router => router.send({ type: MessageType.Challenge, method: 'x', extra: {} }),
    ];
    for (const [index, violate] of violations.entries()) {
      const { session, router } = await joined();
      violate(router);
      const abort = await router.expect(MessageType.Abort);
      assert.equal(abort.reason, ErrorUri.ProtocolViolation, `violation ${index}`);
      await session.closed;
    }
  });

  it('refuses a request beyond the limit of pending requests', async () => {
    const { session, router } = await joined({ maxPending: 2 });
    const waiting = [session.call('p'), session.call('p')];
    await refusal(session.call('p'), ErrorUri.Unavailable);
    assert.equal((await router.received()).length, 2);
    router.result(1, [1]);
    router.result(2, [2]);
    await Promise.all(waiting);
    session.call('p').catch(() => {});
    assert.equal((await router.expect(MessageType.Call)).request, 3);
  });
});

describe('publisher', () => {
  it('publishes without waiting, or until the router has accepted [basic/publish_subscribe]', async () => {
    const { session, router } = await joined();
    assert.equal(await session.publish('a.b', { args: [1], options: { exclude_me: false } }), undefined);
    const plain = await router.expect(MessageType.Publish);
    assert.deepEqual(
      [plain.request, plain.topic, plain.options, plain.payload.args],
      [1, 'a.b', { exclude_me: false }, [1]],
    );

    const accepted = session.publish('a.b', { kwargs: { v: 2 }, acknowledge: true });
    const asked = await router.expect(MessageType.Publish);
    assert.deepEqual([asked.request, asked.options, asked.payload.kwargs], [2, { acknowledge: true }, { v: 2 }]);
    router.published(2, 77);
    assert.equal(await accepted, 77);

    const refused = session.publish('a.b', { acknowledge: true });
    await router.received();
    router.error(MessageType.Publish, 3, 'wamp.error.not_authorized');
    await refusal(refused, 'wamp.error.not_authorized');
  });

  it('forwards a finished payload unchanged', async () => {
    const { session, router } = await joined();

    const payload = Payload.of([1, 2]);
    await session.publish('t', { payload });
    assert.equal((await router.expect(MessageType.Publish)).payload, payload);
  });
});
