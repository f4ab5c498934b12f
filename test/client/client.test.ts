import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { silentLogger } from '../../src/base/logger.ts';
import { Client, type ClientOptions, type ClientState } from '../../src/public/client.ts';
import { ErrorUri } from '../../src/wamp/errors.ts';
import { MessageType } from '../../src/wamp/messages/message-type.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { RouterPeer, refusal, settle } from './router-peer.ts';

let running: { client: Client; clock: FakeClock }[] = [];

/** A client whose router is played by hand on each connection. `peers` lists them, oldest first. */
function start(options: Partial<ClientOptions> = {}) {
  const peers: RouterPeer[] = [];
  const clock = new FakeClock();
  const states: ClientState[] = [];
  const client = new Client({
    realm: 'realm1',
    clock,
    backoff: { random: () => 0 },
    connect: async () => {
      const peer = new RouterPeer();
      peers.push(peer);
      return peer.near;
    },
    ...options,
  });
  client.onState(state => states.push(state));
  client.start();
  running.push({ client, clock });
  /** The newest connection, after HELLO. */
  const greeted = async (): Promise<RouterPeer> => {
    await settle();
    const peer = peers.at(-1);
    assert.ok(peer);
    await peer.expect(MessageType.Hello);
    return peer;
  };
  const welcomed = async (): Promise<RouterPeer> => {
    const peer = await greeted();
    peer.welcome();
    await settle();
    return peer;
  };
  return { client, peers, clock, states, greeted, welcomed };
}

/** Milliseconds until the next attempt. */
function pause({ client, clock }: { client: Client; clock: FakeClock }): number {
  assert.equal(client.state.name, 'waiting');
  return client.state.name === 'waiting' ? client.state.nextAttempt - clock.now() : 0;
}

describe('client', () => {
  afterEach(async () => {
    for (const { client, clock } of running) {
      const leaving = client.leave();
      await settle();
      clock.advance(2000);
      await leaving;
    }
    running = [];
  });

  it('joins, reports its state, and leaves', async () => {
    const { client, states, welcomed, clock } = start();
    assert.equal(client.session, undefined);
    const joined = client.whenJoined();
    const peer = await welcomed();
    assert.equal((await joined).id, 7);
    assert.equal(client.session, await joined);
    const leaving = client.leave('wamp.close.normal');
    assert.equal((await peer.expect(MessageType.Goodbye)).reason, 'wamp.close.normal');
    peer.goodbye();
    await leaving;
    assert.deepEqual(
      states.map(state => state.name),
      ['connecting', 'joined', 'stopped'],
    );
    assert.equal(clock.timers, 0);
  });

  it('pauses longer after each failure, up to the limit, and resets the pause after a stable session', async () => {
    let fail = true;
    const peers: RouterPeer[] = [];
    const all = start({
      backoff: { random: () => 0.5, initial: 1000, max: 10_000 },
      connect: async () => {
        if (fail) throw new Error('connect ECONNREFUSED 127.0.0.1:1');
        const peer = new RouterPeer();
        peers.push(peer);
        return peer.near;
      },
    });
    const pauses: number[] = [];
    for (let i = 0; i < 6; i++) {
      await settle();
      pauses.push(pause(all));
      all.clock.advance(pause(all) - 1);
      assert.equal(all.client.state.name, 'waiting');
      if (i === 5) fail = false;
      all.clock.advance(1);
    }
    assert.deepEqual(pauses, [750, 1500, 3000, 6000, 7500, 7500]);
    await settle();
    peers[0]?.welcome();
    await settle();
    assert.equal(all.client.state.name, 'joined');
    all.clock.advance(10_000);
    peers[0]?.far.close('lost');
    await settle();
    assert.equal(pause(all), 750);
  });

  it('does not reset the pause if the router closes each session at once', async () => {
    const all = start();
    const pauses: number[] = [];
    for (let i = 0; i < 4; i++) {
      const peer = await all.welcomed();
      peer.goodbye('wamp.close.killed');
      await settle();
      pauses.push(pause(all));
      all.clock.advance(pause(all));
    }
    assert.deepEqual(pauses, [1000, 2000, 4000, 8000]);
  });

  it('reports a refusal and retries with the longest pause', async () => {
    const all = start();
    for (const reason of [ErrorUri.NoSuchRealm, ErrorUri.AuthenticationDenied]) {
      const peer = await all.greeted();
      peer.abort(reason, 'no');
      await settle();
      const { state } = all.client;
      assert.ok(state.name === 'waiting');
      assert.deepEqual([state.refused, state.error.uri, pause(all)], [true, reason, 30_000]);
      await refusal(all.client.call('p'), ErrorUri.NetworkFailure);
      all.clock.advance(30_000);
    }
    await all.welcomed();
    assert.equal(all.client.state.name, 'joined');
  });

  it('abandons a connection that does not open in time, and closes it if it opens later', async () => {
    const peer = new RouterPeer();
    let open = (): void => {};
    const signals: AbortSignal[] = [];
    const all = start({
      connectTimeout: 4000,
      connect: signal => {
        signals.push(signal);
        return new Promise(resolve => {
          open = () => resolve(peer.near);
        });
      },
    });
    await settle();
    all.clock.advance(4000);
    await settle();
    assert.equal(all.client.state.name, 'waiting');
    assert.equal(signals[0]?.aborted, true);
    open();
    await settle();
    assert.deepEqual(peer.heard, []);
    assert.notEqual(peer.closed, undefined);
  });

  it('restores each subscription and registration once per session, and delivers no event twice', async () => {
    const all = start();
    const events: unknown[] = [];
    const subscribed = all.client.subscribe('t', event => events.push(event.args[0]), { match: 'prefix' });
    const registered = all.client.register('p', () => 'answer', { invoke: 'roundrobin' });
    await Promise.all([subscribed, registered]);
    for (let round = 1; round <= 3; round++) {
      const peer = await all.welcomed();
      const [subscribe, register, ...rest] = await peer.received();
      assert.ok(subscribe?.type === MessageType.Subscribe && register?.type === MessageType.Register);
      assert.deepEqual([subscribe.topic, subscribe.options, rest], ['t', { match: 'prefix' }, []]);
      assert.deepEqual([register.procedure, register.options], ['p', { invoke: 'roundrobin' }]);
      peer.subscribed(1, 50 + round);
      peer.registered(2, 60 + round);
      peer.event(50 + round, [round]);
      peer.invoke(1, 60 + round);
      assert.deepEqual((await peer.expect(MessageType.Yield)).payload.args, ['answer']);
      peer.far.close('lost');
      peer.event(50 + round, ['too late']);
      await settle();
      all.clock.advance(pause(all));
    }
    assert.deepEqual(events, [1, 2, 3]);
    const peer = await all.welcomed();
    await peer.received();
    peer.subscribed(1, 5);
    await settle();
    const ending = (await subscribed).unsubscribe();
    const { request } = await peer.expect(MessageType.Unsubscribe);
    peer.unsubscribed(request);
    await ending;
    peer.far.close('lost');
    await settle();
    all.clock.advance(pause(all));
    const next = await all.welcomed();
    await next.expect(MessageType.Register);
  });

  it('does not keep a subscription or registration that the router refuses', async () => {
    const all = start();
    const peer = await all.welcomed();
    const subscribing = all.client.subscribe('t', () => {});
    await peer.expect(MessageType.Subscribe);
    peer.error(MessageType.Subscribe, 1, ErrorUri.NotAuthorized);
    await refusal(subscribing, ErrorUri.NotAuthorized);
    peer.far.close('lost');
    await settle();
    all.clock.advance(pause(all));
    assert.deepEqual(await (await all.welcomed()).received(), []);
  });

  it('keeps a subscription if the link is lost before the answer', async () => {
    const all = start();
    const peer = await all.welcomed();
    const subscribing = all.client.subscribe('t', () => {});
    await peer.received();
    peer.far.close('lost');
    await subscribing;
    all.clock.advance(pause(all));
    await (await all.welcomed()).expect(MessageType.Subscribe);
  });

  it('retries a registration while the lost session still holds the procedure', async () => {
    const all = start();
    await all.client.register('p', () => 'mine');
    const peer = await all.welcomed();
    await peer.expect(MessageType.Register);
    peer.error(MessageType.Register, 1, ErrorUri.ProcedureAlreadyExists);
    await settle();
    all.clock.advance(1000);
    assert.equal((await peer.expect(MessageType.Register)).request, 2);
    peer.error(MessageType.Register, 2, ErrorUri.ProcedureAlreadyExists);
    await settle();
    all.clock.advance(1999);
    assert.deepEqual(await peer.received(), []);
    all.clock.advance(1);
    await peer.expect(MessageType.Register);
    peer.registered(3, 6);
    await settle();
    assert.equal(all.clock.timers, 0);
  });

  it('stops retrying when the session is over', async () => {
    const warned: string[] = [];
    const all = start({ log: { ...silentLogger, warn: (_fields, text) => warned.push(text) } });
    await all.client.register('p', () => 'mine');
    const held = await all.welcomed();
    await held.expect(MessageType.Register);
    held.error(MessageType.Register, 1, ErrorUri.ProcedureAlreadyExists);
    await settle();
    assert.deepEqual([warned, all.clock.timers], [['could not restore a subscription or registration; retrying'], 1]);
    held.far.close('lost');
    await settle();
    assert.equal(all.clock.timers, 1, 'the pause alone');
    all.clock.advance(pause(all));
    const unanswered = await all.welcomed();
    await unanswered.expect(MessageType.Register);
    unanswered.far.close('lost');
    await settle();
    assert.equal(all.clock.timers, 1, 'the pause alone');
    assert.deepEqual(warned, [
      'could not restore a subscription or registration; retrying',
      'not connected',
      'not connected',
    ]);
  });

  it('stops retrying a registration that was unregistered meanwhile', async () => {
    const all = start();
    const registration = await all.client.register('p', () => 'mine');
    const peer = await all.welcomed();
    await peer.received();
    peer.error(MessageType.Register, 1, ErrorUri.ProcedureAlreadyExists);
    await settle();
    await registration.unregister();
    assert.equal(all.clock.timers, 0);
    assert.deepEqual(await peer.received(), []);
  });

  it('ends a subscription that is unsubscribed before the router answers', async () => {
    const all = start();
    const subscription = await all.client.subscribe('t', () => {});
    const peer = await all.welcomed();
    await peer.expect(MessageType.Subscribe);
    const ending = subscription.unsubscribe();
    peer.subscribed(1, 5);
    const { request } = await peer.expect(MessageType.Unsubscribe);
    peer.unsubscribed(request);
    await ending;
  });

  it('fails calls and publications at once without a session', async () => {
    const { client } = start();
    await refusal(client.publish('t'), ErrorUri.NetworkFailure);
    await refusal(client.publish('t', { acknowledge: true }), ErrorUri.NetworkFailure);
    await refusal(client.call('p'), ErrorUri.NetworkFailure);
  });

  it('lets a call wait for the connection with waitForConnection, within its timeout', async () => {
    const all = start();
    const stop = new AbortController();
    const given = all.client.call('p', { waitForConnection: true, signal: stop.signal });
    const late = all.client.call('p', { waitForConnection: true, timeout: 300 });
    const patient = all.client.call('p', { waitForConnection: true, timeout: 1000 });
    await settle();
    stop.abort();
    await refusal(given, ErrorUri.Canceled);
    all.clock.advance(400);
    await refusal(late, ErrorUri.Timeout);
    const peer = await all.welcomed();
    assert.deepEqual((await peer.expect(MessageType.Call)).options, { timeout: 600 });
    peer.result(1, ['x']);
    assert.deepEqual((await patient).args, ['x']);
  });

  it('stops while connecting, while joining, while pausing, and before it has begun', async () => {
    const never = start({ connect: () => new Promise(() => {}) });
    await settle();
    await never.client.leave();

    const joining = start();
    const peer = await joining.greeted();
    const waiting = joining.client.whenJoined();
    await joining.client.leave();
    await refusal(waiting, ErrorUri.NetworkFailure);
    await settle();
    assert.notEqual(peer.closed, undefined);

    const pausing = start({ connect: () => Promise.reject(new Error('no')) });
    await settle();
    await pausing.client.leave();

    const hardly = start();
    await hardly.client.leave();

    for (const { client, clock } of [never, joining, pausing, hardly]) {
      assert.equal(client.state.name, 'stopped');
      assert.equal(clock.timers, 0);
      await refusal(client.whenJoined(), ErrorUri.NetworkFailure);
    }
  });

  it('leaves a session whose WELCOME arrives while the client stops', async () => {
    const all = start();
    const peer = await all.greeted();
    peer.welcome();
    let turns = 0;
    // The stop happens at each possible point between the message and the state.
    while (all.client.state.name === 'connecting' && turns < 20) {
      await Promise.resolve();
      turns++;
    }
    assert.ok(turns > 1, 'there is such a moment');
    for (let stopAt = 1; stopAt < turns; stopAt++) {
      const one = start();
      const router = await one.greeted();
      router.welcome();
      for (let i = 0; i < stopAt; i++) await Promise.resolve();
      const leaving = one.client.leave();
      await settle();
      one.clock.advance(2000);
      await leaving;
      await settle();
      assert.notEqual(router.closed, undefined, `stopped ${stopAt} microtasks after WELCOME`);
      assert.equal(one.clock.timers, 0);
    }
  });

  it('restores subscriptions and registrations when started again after leaving', async () => {
    const all = start();
    await all.client.subscribe('t', () => {});
    const peer = await all.welcomed();
    await peer.received();
    const leaving = all.client.leave();
    all.client.start();
    peer.goodbye();
    await leaving;
    await (await all.welcomed()).expect(MessageType.Subscribe);
  });
});
