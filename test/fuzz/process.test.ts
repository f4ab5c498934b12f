import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { wires } from '../support/bare-peer.ts';
import { bareSerializers } from '../support/bare-serializer.ts';
import { BareSession } from '../support/bare-session.ts';
import { ConformanceGateway } from '../support/conformance-gateway.ts';
import { testSeed } from '../support/fast-check.ts';
import { until } from '../support/until.ts';
import { type Draw, random } from './mutation.ts';
import { babble, converse, poll } from './peers.ts';

// Runs the compiled program with peers that send arbitrary data. They never end the process, cause an internal fault,
// or disturb another session. The amount of work is fixed, and each failure names the seed that decides it.

const PEERS = 40;
const SIDE_BY_SIDE = 10;

async function many(name: string, each: (draw: Draw) => Promise<void>, healthy: () => Promise<void>): Promise<void> {
  const seed = testSeed;
  try {
    for (let begun = 0; begun < PEERS; begun += SIDE_BY_SIDE) {
      const draws = Array.from({ length: SIDE_BY_SIDE }, (_, i) => random(seed + begun + i));
      await Promise.all(draws.map(draw => each(draw)));
      await healthy();
    }
  } catch (error) {
    throw new Error(`${name}, seed ${seed}`, { cause: error });
  }
}

for (const strict of [true, false]) describeProcess(strict);

function describeProcess(strict: boolean): void {
  describe(`the process survives peers that send random octets, ${strict ? 'strict' : 'lenient'}`, () => {
    let gateway: ConformanceGateway;
    let sessions: BareSession[] = [];

    before(async () => {
      const env = strict ? {} : { WAMPWAY_LISTENERS__0__STRICT: 'false', WAMPWAY_LISTENERS__1__STRICT: 'false' };
      gateway = await ConformanceGateway.start(undefined, env);
      sessions = await Promise.all(wires.map(wire => BareSession.join(gateway.ports, wire)));
      for (const session of sessions) await session.subscribe('com.healthy.topic');
    });
    after(async () => {
      for (const session of sessions) session[Symbol.dispose]();
      await gateway.stop();
    });

    /**
     * Asserts that each healthy session receives exactly the events of the others, and that the log has no internal
     * fault.
     */
    async function healthy(): Promise<void> {
      assert.ok(gateway.alive, gateway.output);
      for (const [index, session] of sessions.entries()) {
        const publication = await session.publish('com.healthy.topic', {}, [index]);
        for (const other of sessions) {
          if (other === session) continue;
          const event = await other.event();
          assert.deepEqual([event.publication, event.args], [publication, [index]]);
        }
      }
      assert.doesNotMatch(gateway.output, /internal error|request failed|upgrade failed|uncaught|unhandled/i);
    }

    for (const wire of wires) {
      it(`with frames of any kind over ${wire.name}`, () =>
        many(wire.name, draw => converse(gateway.ports, wire, draw), healthy));
    }
    for (const serializer of bareSerializers) {
      const name = `longpoll ${serializer.name}`;
      it(`with frames of any kind over ${name}`, () =>
        many(name, draw => poll(gateway.ports, serializer, draw), healthy));
    }
    for (const port of ['web', 'rawSocket'] as const) {
      it(`with octets of any kind on the ${port} port`, () =>
        many(port, draw => babble(gateway.ports[port], draw), healthy));
    }

    it('and ends all their sessions', async () => {
      const [session] = sessions;
      assert.ok(session !== undefined);
      let count: unknown;
      for (let tries = 0; count !== sessions.length && tries < 500; tries++) {
        const [args] = await session.call('wamp.session.count');
        count = Array.isArray(args) ? args[0] : undefined;
        await new Promise(later => setTimeout(later, 20));
      }
      assert.equal(count, sessions.length);
      await until('the process to be as it was', () => gateway.alive);
    });
  });
}
