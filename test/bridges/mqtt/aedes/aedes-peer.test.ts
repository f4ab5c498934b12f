import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { describe, it } from 'node:test';
import { Aedes } from 'aedes';
import { AedesPeer } from '../../../../bridges/mqtt/aedes/aedes-peer.ts';

describe('AedesPeer', () => {
  it('duplicate check: bounds aedes’s table of sent packets', async () => {
    const aedes = await Aedes.createBroker();
    const socket = connect(1, '127.0.0.1');
    socket.on('error', () => {});
    const client = aedes.handle(socket);
    assert.ok(new AedesPeer(client, socket));
    const table: unknown = Reflect.get(client, 'duplicates');
    assert.ok(typeof table === 'object' && table !== null);
    for (let n = 1; n <= 1000; n++) Reflect.set(table, `p${n}`, n);
    assert.equal(Reflect.get(table, 'p1'), undefined);
    assert.equal(Reflect.get(table, 'p1000'), 1000);
    socket.destroy();
    await new Promise<void>(resolve => aedes.close(resolve));
  });
});
