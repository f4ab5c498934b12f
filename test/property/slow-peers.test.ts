import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { silentLogger } from '../../src/base/logger.ts';
import { slowPolicies } from '../../src/link/outgoing-policy.ts';
import { AnonymousAuthenticator } from '../../src/router/policy/anonymous-authenticator.ts';
import { Router } from '../../src/router/router.ts';
import type { MatchPolicy } from '../../src/wamp/uri.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { fc } from '../support/fast-check.ts';
import { ListLink } from '../support/list-link.ts';
import { matches } from '../support/pattern-definition.ts';
import { SlowPeer } from './slow-peer.ts';

type Command = { readonly peer: number } & (
  | { readonly kind: 'subscribe'; readonly uri: string; readonly match: MatchPolicy }
  | { readonly kind: 'publish'; readonly uri: string; readonly size: number; readonly acknowledge: boolean }
  | { readonly kind: 'flood'; readonly uri: string; readonly count: number }
  | { readonly kind: 'call' }
  | { readonly kind: 'read'; readonly count: number }
  | { readonly kind: 'lose' | 'reconnect' }
);

const peer = fc.nat(2);
const uri = fc.constantFrom('a', 'a.b', 'a.c', 'b');
const pattern = fc.constantFrom<{ uri: string; match: MatchPolicy }>(
  { uri: 'a', match: 'exact' },
  { uri: 'a.b', match: 'exact' },
  { uri: 'a', match: 'prefix' },
  { uri: 'a.', match: 'wildcard' },
);
const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 2,
    arbitrary: fc.tuple(peer, pattern).map(([name, held]) => ({ kind: 'subscribe' as const, peer: name, ...held })),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('publish'),
      peer,
      uri,
      size: fc.constantFrom(1, 1, 200, 900),
      acknowledge: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('flood'), peer, uri, count: fc.integer({ min: 1, max: 9 }) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('call'), peer }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('read'), peer, count: fc.constantFrom(0, 0, 1, 3, 1000) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('lose', 'reconnect'), peer }) },
);

/** Three slow peers with different policies, and one peer that always reads. */
class World {
  readonly #clock = new FakeClock();
  readonly #router = new Router({
    realms: [{ name: 'realm1', uri: 'loose' }],
    authenticator: new AnonymousAuthenticator({ who: 'any' }),
    clock: this.#clock,
    log: silentLogger,
  });
  readonly #healthy = new ListLink();
  readonly #peers: SlowPeer[] = [];
  readonly #all: SlowPeer[] = [];
  #order = 0;
  #marks = 0;

  constructor() {
    this.#router.attach(this.#healthy);
    this.#healthy.say([1, 'realm1', { roles: { callee: {}, publisher: {} } }]);
    this.#healthy.say([64, 1, {}, 'p']);
    for (const name of [0, 1, 2]) this.#connect(name);
  }

  run(next: Command): void {
    const found = this.#peers[next.peer];
    assert.ok(found !== undefined);
    if (next.kind === 'reconnect' || !found.gone) this.#act(found, next);
    this.#clock.advance(1);
    for (const each of this.#all) each.observe(this.#isThere(each));
  }

  /** All peers read. Then each has received its due messages, and nothing remains after all have left. */
  finish(): void {
    for (const each of this.#peers) if (!each.gone) each.read(Number.POSITIVE_INFINITY);
    this.#clock.advance(10_000);
    for (const each of this.#all) each.check();
    for (const each of this.#all) each.lose();
    this.#healthy.lose();
    this.#clock.advance(10_000);
    const realm = this.#router.realm('realm1');
    assert.ok(realm !== undefined);
    const { sessionCount, subscriptionCount, registrationCount, callCount } = realm;
    const left = [this.#router.linkCount, sessionCount, subscriptionCount, registrationCount, callCount];
    assert.deepEqual([...left, this.#clock.timers], [0, 0, 0, 0, 0, 0]);
  }

  #act(one: SlowPeer, next: Command): void {
    switch (next.kind) {
      case 'subscribe': {
        const key = `${next.match} ${next.uri}`;
        const request = one.request(32, { match: next.match }, next.uri);
        one.patterns.set(request, key);
        one.owe(++this.#order, `answer ${request}`);
        return;
      }
      case 'publish':
        this.#publish(one, next);
        return;
      case 'flood':
        for (let n = 0; n < next.count; n++) this.#publish(undefined, { ...next, size: 100, acknowledge: false });
        return;
      case 'call':
        one.owe(++this.#order, `answer ${one.request(48, {}, 'p')}`);
        this.#answer();
        return;
      case 'read':
        one.read(next.count);
        return;
      case 'lose':
        one.lose();
        return;
      case 'reconnect':
        if (one.gone) this.#connect(next.peer);
        return;
    }
  }

  #publish(
    publisher: SlowPeer | undefined,
    { uri: topic, size, acknowledge }: { uri: string; size: number; acknowledge: boolean },
  ): void {
    const mark = `${++this.#marks}`;
    const order = ++this.#order;
    for (const each of this.#all) {
      if (each.gone || each === publisher) continue;
      for (const key of new Set(each.patterns.values())) {
        const [match = '', held = ''] = key.split(' ');
        const policy = match === 'prefix' || match === 'wildcard' ? match : 'exact';
        if (matches({ uri: held, match: policy }, topic)) each.owe(order, `event ${key} ${mark}`);
      }
    }
    const payload = [mark, 'x'.repeat(size)];
    if (publisher === undefined) this.#healthy.say([16, order, {}, topic, payload]);
    else {
      const request = publisher.request(16, { acknowledge }, topic, payload);
      if (acknowledge) publisher.owe(order, `answer ${request}`);
    }
    this.#healthy.heard.length = 0;
  }

  /** The healthy peer answers each invocation. */
  #answer(): void {
    for (const heard of this.#healthy.heard.splice(0)) {
      if (heard !== 'closed' && heard[0] === 68) this.#healthy.say([70, heard[1], {}]);
    }
  }

  #connect(name: number): void {
    const policy = slowPolicies[name] ?? 'disconnect';
    const one = new SlowPeer(this.#router, this.#clock, { policy, maxBytes: 6000, maxMessages: 8 });
    this.#peers[name] = one;
    this.#all.push(one);
  }

  #isThere(one: SlowPeer): boolean {
    const sessions = [...(this.#router.realm('realm1')?.sessions() ?? [])];
    return sessions.some(({ link }) => link === one.link);
  }
}

describe('slow consumers', () => {
  it('receive their messages in order, or the router counts these as dropped, for any actions', () => {
    fc.assert(
      fc.property(fc.array(command, { maxLength: 60, size: 'max' }), commands => {
        const world = new World();
        for (const next of commands) world.run(next);
        world.finish();
      }),
      { numRuns: 300 },
    );
  });
});
