import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { connect } from 'node:net';
import { dirname, join, resolve } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { bridges } from '../../bridges/index.ts';
import type { GatewayConfig } from '../../src/gateway/config/config-schema.ts';
import { loadConfig } from '../../src/gateway/config/load-config.ts';
import { Gateway } from '../../src/gateway/gateway.ts';
import { MetaTopic } from '../../src/meta/events/meta-uris.ts';
import { isDict } from '../../src/wamp/dict.ts';
import { BarePeer, type BarePorts, wireOf } from '../support/bare-peer.ts';
import { BareSession } from '../support/bare-session.ts';
import { ConformanceGateway } from '../support/conformance-gateway.ts';

const folder = join(resolve(dirname(fileURLToPath(import.meta.url)), '../../..'), 'config/examples');

/** The same configuration on free ports of this machine. */
function onFreePorts(config: GatewayConfig): GatewayConfig {
  return {
    ...config,
    listeners: config.listeners.map(listener => ({ ...listener, host: '127.0.0.1', port: 0 })),
    bridges: Object.fromEntries(
      Object.entries(config.bridges).map(([name, section]) => [
        name,
        isDict(section) && 'port' in section ? { ...section, host: '127.0.0.1', port: 0 } : section,
      ]),
    ),
  };
}

describe('config/examples', () => {
  for (const name of readdirSync(folder).filter(name => name.endsWith('.yaml'))) {
    it(`${name} starts`, async () => {
      const config = loadConfig({ file: join(folder, name), environment: {}, bridges });
      await using gateway = new Gateway(onFreePorts(config), { bridges });
      await gateway.start();
      assert.equal(gateway.status.status, 'ok');
      assert.equal(gateway.listeners.length, config.listeners.length);
    });
  }
});

describe('config/examples/conformance.yaml', () => {
  it('has the settings that conformance suites need, on the ports of the command line', async () => {
    const gateway = await ConformanceGateway.start();
    try {
      await examine(gateway.ports);
      assert.ok(gateway.alive, gateway.output);
    } finally {
      await gateway.stop();
    }
  });
});

async function examine(ports: BarePorts): Promise<void> {
  // 2^20 bytes in both places where RawSocket is spoken. [advanced/transport_rawsocket]
  for (const port of [ports.web, ports.rawSocket]) assert.deepEqual(await shake(port), [0x7f, 0xb1, 0, 0]);

  const wire = wireOf('websocket', 'json');
  const [one, two] = [await BareSession.join(ports, wire), await BareSession.join(ports, wire)];
  assert.notEqual(one.details['authid'], two.details['authid']);
  assert.deepEqual([one.details['authrole'], one.details['authmethod']], ['anonymous', 'anonymous']);

  for (const [topic, match] of [
    ['cts.history.exact', 'exact'],
    ['cts.history.prefix', 'prefix'],
    ['cts.history..wild', 'wildcard'],
  ] as const) {
    const [type, , , found] = await one.ask(48, {}, 'wamp.subscription.lookup', [topic, { match }]);
    assert.equal(type, 50);
    assert.match(JSON.stringify(found), /^\[\d+\]$/, `${topic} is recorded`);
  }
  assert.equal((await one.ask(48, {}, 'wamp.session.kill', [two.id]))[0], 50);
  for (const topic of Object.values(MetaTopic)) await one.subscribe(topic);

  const anonymousPeer = await BarePeer.connect(ports, wire);
  anonymousPeer.send([1, 'secure', { roles: { caller: {} } }]);
  await anonymousPeer.aborted('wamp.error.authentication_required');

  // Strict: the request ids of a session count from 1. [basic/building_blocks: session scope]
  const careless = await BareSession.join(ports, wire);
  careless.say(32, 7, {}, 'cts.topic');
  await careless.peer.aborted();
  one.peer.end();
}

/** The answer to a RawSocket handshake with JSON. */
async function shake(port: number): Promise<number[]> {
  const socket = connect(port, '127.0.0.1');
  socket.write(Uint8Array.of(0x7f, 0xf1, 0, 0));
  const [answer]: Buffer[] = await once(socket, 'data');
  socket.destroy();
  return [...(answer ?? [])];
}
