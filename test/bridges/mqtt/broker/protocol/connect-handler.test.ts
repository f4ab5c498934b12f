import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { describe, it } from 'node:test';
import { until } from '../../../../support/until.ts';
import { BrokerHarness } from '../../broker-harness.ts';
import { rawConnect } from '../../raw-packets.ts';

const CLIENTS = 200;

/** The largest increase of a number in one turn of the event loop. */
async function mostInOneTurn(number: () => number, over: () => boolean): Promise<number> {
  let most = 0;
  let before = number();
  while (!over()) {
    await new Promise(setImmediate);
    most = Math.max(most, number() - before);
    before = number();
  }
  return most;
}

describe('many clients that connect or disconnect at once', () => {
  it('are handled over several turns, some in each', async () => {
    await using harness = await BrokerHarness.start();
    const sockets: Socket[] = [];
    for (let n = 0; n < CLIENTS; n++) {
      const socket = connect(harness.broker.port, '127.0.0.1');
      socket.on('error', () => {});
      socket.resume();
      sockets.push(socket);
      await once(socket, 'connect');
    }
    for (const [n, socket] of sockets.entries()) socket.write(rawConnect({ clientId: `c${n}` }));
    const came = await mostInOneTurn(
      () => harness.peers.length,
      () => harness.peers.length === CLIENTS,
    );
    assert.ok(came <= 20, `${came} clients came in in one turn`);
    await until(
      'all are in',
      () => harness.notifications.filter(line => line.startsWith('connected')).length === CLIENTS,
    );
    for (const socket of sockets) socket.destroy();
    const went = await mostInOneTurn(
      () => harness.gone.length,
      () => harness.gone.length === CLIENTS,
    );
    assert.ok(went <= 20, `${went} clients left in one turn`);
  });
});
