import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { silentLogger } from '../../../src/base/logger.ts';
import type { LinkCounters, LinkReceiver, Principal } from '../../../src/link/link.ts';
import type { OutgoingPolicy } from '../../../src/link/outgoing-policy.ts';
import { Router } from '../../../src/router/router.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { ListLink } from '../../support/list-link.ts';

/** A link that records the limits of its queue, and reports drops on demand. */
class QueueLink extends ListLink {
  readonly counters: LinkCounters = { messagesIn: 0, messagesOut: 0, bytesIn: 0, bytesOut: 0, dropped: 0, slowed: 0 };
  readonly settings: (Partial<OutgoingPolicy> | undefined)[] = [];
  #receiver: LinkReceiver | undefined;

  override open(receiver: LinkReceiver): void {
    this.#receiver = receiver;
    super.open(receiver);
  }

  setOutgoing(outgoing: Partial<OutgoingPolicy> | undefined): void {
    this.settings.push(outgoing);
  }

  drop(count: number): void {
    this.counters.dropped += count;
    this.#receiver?.dropped?.(count);
  }

  join(): void {
    this.say([1, 'realm1', { roles: { subscriber: {} } }]);
    assert.equal(this.heard[0] !== 'closed' && this.heard[0]?.[0], 2);
    this.heard.length = 0;
  }

  leave(): void {
    this.say([6, {}, 'wamp.close.close_realm']);
    this.heard.length = 0;
  }
}

function setup(roles: readonly string[]) {
  const drops: [authrole: string, count: number, total: number][] = [];
  const asked: [string, string][] = [];
  const waiting = [...roles];
  const router = new Router({
    realms: [{ name: 'realm1', uri: 'loose' }],
    authenticator: {
      begin: () => ({
        welcome: { authid: 'a', authrole: waiting.shift() ?? 'none', authmethod: 'anonymous', authprovider: 'test' },
      }),
    },
    clock: new FakeClock(),
    log: silentLogger,
    observer: { onDrop: ({ principal }, count, total) => drops.push([principal.authrole, count, total]) },
    outgoingOf: (realm: string, { authrole }: Principal) => {
      asked.push([realm, authrole]);
      return authrole === 'dashboard' ? { policy: 'latest-per-topic' } : undefined;
    },
  });
  const link = new QueueLink();
  router.attach(link);
  return { link, drops, asked };
}

describe('connection: the send queue of a slow peer', () => {
  it('has the limits of the role of each session of the link, from WELCOME', () => {
    const { link, asked } = setup(['dashboard', 'device']);
    assert.deepEqual(link.settings, []);
    link.join();
    assert.deepEqual(link.settings, [{ policy: 'latest-per-topic' }]);
    link.leave();
    link.join();
    assert.deepEqual(link.settings, [{ policy: 'latest-per-topic' }, undefined]);
    assert.deepEqual(asked, [
      ['realm1', 'dashboard'],
      ['realm1', 'device'],
    ]);
  });

  it('reports drops for the session that lost them, with its own total', () => {
    const { link, drops } = setup(['first', 'second']);
    link.drop(1);
    link.join();
    link.drop(2);
    link.drop(3);
    link.leave();
    link.drop(4);
    link.join();
    link.drop(5);
    assert.deepEqual(drops, [
      ['first', 2, 2],
      ['first', 3, 5],
      ['second', 5, 5],
    ]);
  });
});
