import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { silentLogger } from '../../src/base/logger.ts';
import type { Link, Principal } from '../../src/link/link.ts';
import { localLinkPair } from '../../src/link/local-link.ts';
import { AnonymousAuthenticator } from '../../src/router/policy/anonymous-authenticator.ts';
import type { AuthStep } from '../../src/router/policy/authenticator.ts';
import { Router, type RouterOptions } from '../../src/router/router.ts';
import type { RouterObserver } from '../../src/router/session/observer.ts';
import { asId, countingIds } from '../../src/wamp/ids.ts';
import { MessageType } from '../../src/wamp/messages/message-type.ts';
import type { Message } from '../../src/wamp/messages/messages.ts';
import { Payload } from '../../src/wamp/payload.ts';
import { asUri } from '../../src/wamp/uri.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { ListLink, testLinkInfo } from '../support/list-link.ts';

const HELLO = [1, 'realm1', { roles: { publisher: {}, subscriber: {}, caller: {}, callee: {} } }];
const ABORTED = { type: MessageType.Abort, details: {}, payload: Payload.empty };

function makeRouter(options: Partial<RouterOptions> = {}): { router: Router; clock: FakeClock } {
  const clock = new FakeClock();
  const router = new Router({
    realms: [{ name: 'realm1', uri: 'loose' }],
    authenticator: new AnonymousAuthenticator({ who: 'loopback' }),
    clock,
    log: silentLogger,
    sessionIds: countingIds(),
    publicationIds: countingIds(),
    ...options,
  });
  return { router, clock };
}

function attach(router: Router, principal?: Principal, link = new ListLink()): ListLink {
  router.attach(link, principal);
  return link;
}

function join(router: Router, principal?: Principal): ListLink {
  const link = attach(router, principal);
  link.say(HELLO);
  assert.ok(link.heard[0] !== 'closed' && link.heard[0]?.[0] === 2);
  link.heard.length = 0;
  return link;
}

const turn = (): Promise<void> => new Promise(resolve => setImmediate(resolve));

describe('Router', () => {
  it('forwards the payload object unchanged, in one EVENT object for all subscribers', async () => {
    const { router } = makeRouter();
    const received: Message[][] = [];
    const links: Link[] = [];
    for (let i = 0; i < 3; i++) {
      const [near, far] = localLinkPair(testLinkInfo, testLinkInfo, silentLogger);
      const messages: Message[] = [];
      router.attach(near);
      far.open({ message: message => messages.push(message), closed: () => {} });
      far.send({ type: MessageType.Hello, realm: asUri('realm1'), details: { roles: { subscriber: {} } } });
      if (i > 0) far.send({ type: MessageType.Subscribe, request: asId(1), options: {}, topic: asUri('a.b') });
      received.push(messages);
      links.push(far);
    }
    await turn();
    // Decoding the payload is an error here.
    const format = { name: 'json', slot: 0 } as const;
    const fail = (): never => assert.fail('the payload was taken apart');
    const bytes = Buffer.from('[1');
    const payload = Payload.encoded(
      { ...format, decode: fail, encode: fail, transcode: fail, feed: fail, join: fail },
      bytes,
      1,
    );
    links[0]?.send({ type: MessageType.Publish, request: asId(1), options: {}, topic: asUri('a.b'), payload });
    await turn();
    const [first, second] = [received[1]?.at(-1), received[2]?.at(-1)];
    assert.ok(first?.type === MessageType.Event);
    assert.equal(first.payload, payload);
    assert.equal(first, second);
  });

  it('admits a link with a known principal without asking the authenticator', () => {
    const authenticator = { begin: () => assert.fail('asked') };
    const { router } = makeRouter({ authenticator });
    const principal = (authid: string): Principal => ({
      authid,
      authrole: 'device',
      authmethod: 'mqtt',
      authprovider: 'bridge',
    });
    const one = attach(router, principal('sensor1'));
    one.say(HELLO);
    const info = { ...testLinkInfo, principal: principal('sensor2') };
    const two = attach(router, undefined, new ListLink(info));
    two.say(HELLO);
    const three = attach(router, principal('sensor3'), new ListLink(info));
    three.say(HELLO);
    const authids = [one, two, three].map(
      ({ heard: [welcome] }) => JSON.stringify(welcome).match(/"authid":"(\w+)"/)?.[1],
    );
    assert.deepEqual(authids, ['sensor1', 'sensor2', 'sensor3']);
  });

  it('draws session ids until one is unused', () => {
    const ids = [7, 7, 7, 8];
    const { router } = makeRouter({ sessionIds: () => ids.shift() ?? 0 });
    join(router);
    join(router);
    assert.equal(router.sessionCount, 2);
    assert.deepEqual(ids, []);
  });

  it('drops a session whose link closed while the authenticator was deciding', async () => {
    let decide: ((step: AuthStep) => void) | undefined;
    const authenticator = { begin: () => new Promise<AuthStep>(resolve => (decide = resolve)) };
    const { router } = makeRouter({ authenticator });
    const link = attach(router);
    link.say(HELLO);
    link.lose();
    decide?.({ welcome: { authid: 'a', authrole: 'b', authmethod: 'c', authprovider: 'd' } });
    await turn();
    assert.deepEqual([router.sessionCount, router.linkCount], [0, 0]);
  });

  it('ignores further messages of a refused peer', async () => {
    const { router } = makeRouter();
    const [near, far] = localLinkPair(testLinkInfo, testLinkInfo, silentLogger);
    const heard: Message[] = [];
    router.attach(near);
    far.open({ message: message => heard.push(message), closed: () => {} });
    const details = { roles: { caller: {} } };
    // The router's end has received both before it handles the first.
    far.send({ type: MessageType.Hello, realm: asUri('nowhere'), details });
    far.send({ type: MessageType.Hello, realm: asUri('realm1'), details });
    await turn();
    assert.deepEqual(heard, [
      {
        ...ABORTED,
        details: { message: 'realm nowhere does not exist on this router' },
        reason: 'wamp.error.no_such_realm',
      },
    ]);
    assert.equal(router.sessionCount, 0);
  });

  it('ends only the session whose message caused an internal error', () => {
    const observer: RouterObserver = {
      onSubscribe: (_session, { topic }) => {
        if (topic === 'trap') throw new Error('our bug');
      },
    };
    const { router } = makeRouter({ observer });
    const [victim, other] = [join(router), join(router)];
    other.say([32, 1, {}, 'com.app.t']);
    victim.say([32, 1, {}, 'trap']);
    assert.deepEqual(victim.heard.slice(1), [[3, { message: 'internal error' }, 'wamp.error.runtime_error'], 'closed']);
    assert.equal(router.sessionCount, 1);
    assert.equal(router.realm('realm1')?.subscriptionCount, 1);
  });

  it('delivers to all other receivers if one disconnects during the delivery', () => {
    const { router } = makeRouter();
    class Fragile extends ListLink {
      override send(message: Message): void {
        super.send(message);
        if (message.type === MessageType.Event) this.lose();
      }
    }
    const links = [new ListLink(), new Fragile(), new ListLink()].map(link => attach(router, undefined, link));
    for (const link of links) {
      link.say(HELLO);
      link.say([32, 1, {}, 'com.app.t']);
    }
    join(router).say([16, 1, {}, 'com.app.t']);
    assert.deepEqual(
      links.map(({ heard }) => heard.at(-1)),
      Array(3).fill([36, 1, 1, {}]),
    );
    assert.equal(router.sessionCount, 3);
  });

  it('notifies the observer of changes in order', () => {
    const told: string[] = [];
    const observer: RouterObserver = {
      onJoin: ({ id }) => told.push(`${id} join`),
      onLeave: ({ id }, reason) => told.push(`${id} leave ${reason}`),
      onSubscribe: ({ id }, { topic }, created) => told.push(`${id} subscribe ${topic} ${created}`),
      onUnsubscribe: ({ id }, { topic }, deleted) => told.push(`${id} unsubscribe ${topic} ${deleted}`),
      onRegister: ({ id }, { procedure }, created) => told.push(`${id} register ${procedure} ${created}`),
      onUnregister: ({ id }, { procedure }, deleted) => told.push(`${id} unregister ${procedure} ${deleted}`),
    };
    const { router } = makeRouter({ observer });
    const [a, b] = [join(router), join(router)];
    a.say([32, 1, {}, 't']);
    b.say([32, 1, {}, 't']);
    b.say([32, 2, {}, 't']);
    b.say([64, 3, {}, 'p']);
    a.say([34, 2, 1]);
    b.lose();
    assert.deepEqual(told, [
      '1 join',
      '2 join',
      '1 subscribe t true',
      '2 subscribe t false',
      '2 register p true',
      '1 unsubscribe t false',
      '2 unsubscribe t true',
      '2 unregister p true',
      '2 leave lost',
    ]);
  });

  it('counts dropped messages', () => {
    const { router } = makeRouter();
    const [a, b] = [join(router), join(router)];
    a.say([64, 1, {}, 'p']);
    b.say([16, 1, {}, 'not a topic']);
    b.say([16, 2, {}, 'topic']);
    b.say([48, 3, {}, 'p']);
    b.say([49, 3, { mode: 'skip' }]);
    a.say([70, 1, {}]);
    assert.deepEqual(router.realm('realm1')?.counters, {
      published: 1,
      refusedPublications: 1,
      called: 1,
      lateAnswers: 1,
      strayParts: 0,
    });
  });

  describe('messages that exceed the size limit of the receiver [basic/uri_reference]', () => {
    const tooLarge = 'wamp.error.payload_size_exceeded';

    /** A link that cannot send messages of one type. Like real links, it reports this in a later microtask. */
    class Narrow extends ListLink {
      readonly #type: number;
      constructor(type: number) {
        super();
        this.#type = type;
      }
      override send(message: Message): void {
        if (message.type !== this.#type || ('payload' in message && message.payload.count === 0)) super.send(message);
        else queueMicrotask(() => this.unsendable(message));
      }
    }

    async function call(callee: ListLink, caller: ListLink, options = {}): Promise<readonly unknown[]> {
      const { router } = makeRouter();
      const features = { call_canceling: true, progressive_call_results: true };
      for (const link of [callee, caller]) attach(router, undefined, link);
      callee.say([1, 'realm1', { roles: { callee: { features } } }]);
      caller.say(HELLO);
      callee.say([64, 1, {}, 'p']);
      caller.say([48, 1, options, 'p', ['argument']]);
      await turn();
      caller.heard.shift();
      callee.heard.splice(0, 2);
      return caller.heard;
    }

    it('INVOCATION: the caller receives payload_size_exceeded', async () => {
      const heard = await call(new Narrow(MessageType.Invocation), new ListLink());
      assert.deepEqual(heard, [
        [8, 48, 1, {}, tooLarge, ['the arguments exceed the message size limit of the callee']],
      ]);
    });

    it('RESULT: the caller receives payload_size_exceeded', async () => {
      const [callee, caller] = [new ListLink(), new Narrow(MessageType.Result)];
      const heard = await call(callee, caller);
      callee.say([70, 1, {}, ['result']]);
      await turn();
      assert.deepEqual(heard, [[8, 48, 1, {}, tooLarge, ['the result exceeds the message size limit of the caller']]]);
    });

    it('progressive RESULT: the call ends, and the callee is interrupted', async () => {
      const [callee, caller] = [new ListLink(), new Narrow(MessageType.Result)];
      const heard = await call(callee, caller, { receive_progress: true });
      callee.say([70, 1, { progress: true }, ['result']]);
      await turn();
      assert.deepEqual(heard, [[8, 48, 1, {}, tooLarge, ['the result exceeds the message size limit of the caller']]]);
      assert.deepEqual(callee.heard.at(-1), [69, 1, { mode: 'killnowait' }]);
      callee.say([70, 1, {}]);
      assert.equal(heard.length, 1);
    });

    it('ERROR: the caller receives payload_size_exceeded', async () => {
      const [callee, caller] = [new ListLink(), new Narrow(MessageType.Error)];
      const heard = await call(callee, caller);
      callee.say([8, 68, 1, {}, 'com.app.error', ['long']]);
      await turn();
      assert.deepEqual(heard, [[8, 48, 1, {}, tooLarge]]);
    });
  });
});

describe('Router.close', () => {
  it('resolves at once without links, and refuses links afterwards', async () => {
    const { router } = makeRouter();
    await router.close();
    const late = attach(router);
    assert.deepEqual(late.heard, ['closed']);
    assert.equal(router.linkCount, 0);
  });

  it('waits for the answers to GOODBYE', async () => {
    const { router, clock } = makeRouter();
    const link = join(router);
    let done = false;
    const closing = router.close().then(() => (done = true));
    assert.equal(router.close(), router.close());
    await turn();
    assert.equal(done, false);
    assert.deepEqual(link.heard, [[6, { message: 'the router is shutting down' }, 'wamp.close.system_shutdown']]);
    link.say([6, {}, 'wamp.close.goodbye_and_out']);
    await closing;
    assert.equal(clock.timers, 0);
  });

  it('waits at most 2.5 seconds for a link that does not close', async () => {
    const { router, clock } = makeRouter();
    class Stuck extends ListLink {
      override close(): void {}
    }
    attach(router, undefined, new Stuck()).say(HELLO);
    const closing = router.close();
    clock.advance(2500);
    await closing;
  });

  it('sends ABORT to clients that have not joined yet', async () => {
    const { router } = makeRouter({ authenticator: { begin: () => new Promise<AuthStep>(() => {}) } });
    const [silent, joining] = [attach(router), attach(router)];
    joining.say(HELLO);
    await router.close();
    assert.deepEqual(silent.heard, ['closed']);
    assert.deepEqual(joining.heard, [
      [3, { message: 'the router is shutting down' }, 'wamp.close.system_shutdown'],
      'closed',
    ]);
  });
});
