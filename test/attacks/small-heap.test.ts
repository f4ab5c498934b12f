import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { systemClock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/logger.ts';
import { ClientSession } from '../../src/client/session/client-session.ts';
import { codecNamed } from '../../src/codec/codecs.ts';
import { dial } from '../../src/transport/dial.ts';
import { FloodPeer } from '../support/flood-peer.ts';
import { GatewayProcess } from '../support/gateway-process.ts';

/** The heap limit that Node selects on a machine with 1 GB. */
const HEAP = { NODE_OPTIONS: '--max-old-space-size=256' };

const MANY = 4;

/** A URI of 16 components that depend on `i`, and a common tail. */
function branching(i: number, tail: number): string {
  const bits = Array.from({ length: 16 }, (_, bit) => ((i >> bit) & 1 ? 'b' : 'aa'));
  return `${bits.join('.')}${'.c'.repeat(tail)}`;
}

function gaps(i: number): string {
  return Array.from({ length: 100 }, (_, at) => (at < 16 && (i >> at) & 1 ? `x${at}.` : 'y.')).join('.');
}

type Attack = (peer: FloodPeer, which: number) => Promise<void>;

function each(count: number, message: (request: number, i: number, which: number) => readonly unknown[]): Attack {
  return async (peer, which) => {
    for (let i = 0; i < count && !peer.ended; i++) await peer.say(message(peer.next(), i, which));
  };
}

const long = (i: number): string => `${i}.${'n'.repeat(4000)}`;

/** Each attack runs in four sessions at the same time, which all stay connected. */
const attacks: Readonly<Record<string, Attack>> = {
  'retained topics of 2040 components': each(300, (id, i) => [
    16,
    id,
    { retain: true },
    `${i}${'.a'.repeat(2039)}`,
    [1],
  ]),
  'retained topics of 200 components': each(5000, (id, i, which) => [
    ...[16, id, { retain: true }, `w${which}.${branching(i, 183)}`, [1]],
  ]),
  'retained topics of 4000 characters': each(1500, (id, i, which) => [
    16,
    id,
    { retain: true },
    `w${which}.${long(i)}`,
  ]),
  'retained events for lists of sessions': each(20, (id, i) => [
    ...[16, id, { retain: true, eligible: Array.from({ length: 9000 }, (_, n) => n + i) }, `lists.${i}`],
  ]),
  'wildcards of 2000 components': each(300, (id, i) => [32, id, { match: 'wildcard' }, `${i}${'..a'.repeat(1000)}`]),
  'wildcards of 200 components with gaps': each(5000, (id, i, which) => [
    ...[32, id, { match: 'wildcard' }, `w${which}.${gaps(i).slice(0, 390)}`],
  ]),
  'prefixes of 4000 characters': each(3000, (id, i) => [32, id, { match: 'prefix' }, long(i)]),
  'topics of 4000 characters': each(3000, (id, i, which) => [32, id, {}, `w${which}.${long(i)}`]),
  'registrations of wildcards': each(5000, (id, i, which) => [
    ...[64, id, { match: 'wildcard' }, `r${which}.${gaps(i).slice(0, 390)}`],
  ]),
  'registrations of 4000 characters': each(3000, (id, i, which) => [64, id, {}, `r${which}.${long(i)}`]),
  'patterns that match every topic, with many topics': async (peer, which) => {
    for (let i = 0; i < 1024; i++) {
      const bits = Array.from({ length: 10 }, (_, bit) => ((i >> bit) & 1 ? 'm' : '')).join('.');
      await peer.say([32, peer.next(), { match: 'wildcard' }, `.${bits}`]);
    }
    for (let i = 0; i < 5000; i++) await peer.say([16, peer.next(), {}, `w${which}x${i}${'.m'.repeat(10)}`]);
  },
  'unanswered calls': async (peer, which) => {
    await peer.say([64, peer.next(), {}, `silent.${which}`]);
    for (let i = 0; i < 10_000; i++) await peer.say([48, peer.next(), {}, `silent.${which}`]);
  },
  'ended calls with long names': each(1000, (id, i) => [48, id, { progress: true }, `nothing.${long(i)}`]),
  testaments: each(100, (id, i) => [
    ...[48, id, {}, 'wamp.session.add_testament', [`t.${i}`, [Array.from({ length: 1000 }, () => [])], {}]],
  ]),
};

describe('a gateway with a heap of 256 MB', () => {
  let gateway: GatewayProcess;
  const peers: FloodPeer[] = [];
  before(async () => {
    gateway = await GatewayProcess.start('', HEAP);
  });
  after(async () => {
    for (const peer of peers) peer[Symbol.dispose]();
    await gateway.stop();
  });

  for (const [name, attack] of Object.entries(attacks)) {
    it(`survives ${name}`, async () => {
      const { rawSocket: port } = gateway.ports;
      const attackers = await Promise.all(Array.from({ length: MANY }, () => FloodPeer.join(port)));
      peers.push(...attackers);
      await Promise.all(attackers.map((peer, which) => attack(peer, which)));
      // The router answers in order, so it has handled all earlier messages.
      for (const peer of attackers) {
        if (peer.ended) continue;
        const { frames } = peer;
        await peer.say([48, peer.next(), {}, 'wamp.session.count']);
        await peer.heard(frames + 1);
      }
      const link = await dial(gateway.url, { codec: codecNamed('json'), clock: systemClock, log: silentLogger });
      const session = await ClientSession.join(link, { realm: 'realm1', clock: systemClock, log: silentLogger });
      assert.ok(Number((await session.call('wamp.session.count')).args[0]) >= 1);
      await session.leave();
      assert.doesNotMatch(gateway.output, /out of memory|internal error/i);
    });
  }

  it('names the limit on components in each error for a longer URI', () => {
    const errors = peers.map(({ lastError }) => lastError).filter(text => text.includes('maxUriComponents'));
    assert.ok(errors.length >= MANY, errors.join('\n'));
    assert.match(errors[0] ?? '', /wamp\.error\.invalid_uri.*200 components.*2001|20\d\d/);
  });
});
