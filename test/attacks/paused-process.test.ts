import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as connectSocket } from 'node:net';
import { describe, it } from 'node:test';
import { RawClient } from '../bridges/mqtt/raw-client.ts';
import { rawConnect, rawPacket, rawSubscribe } from '../bridges/mqtt/raw-packets.ts';
import { GatewayProcess } from '../support/gateway-process.ts';
import { until } from '../support/until.ts';

const KEEP_ALIVE = 2;
const pause = (milliseconds: number): Promise<void> => new Promise(resolve => setTimeout(resolve, milliseconds));

describe('a process that was paused', () => {
  it('disconnects no client and publishes no will because of the pause', async () => {
    const gateway = await GatewayProcess.start();
    try {
      const watcher = await RawClient.connect(gateway.ports.mqtt, { clientId: 'watcher' });
      watcher.socket.write(rawSubscribe('will/#'));
      const clients = await Promise.all(
        Array.from({ length: 10 }, async (_, n) => {
          const client = await RawClient.connect(gateway.ports.mqtt, 'silent');
          const hello = rawConnect({ clientId: `c${n}`, will: { topic: `will/${n}`, payload: 'lost' } });
          // Keep Alive follows the protocol name, level and flags.
          hello.writeUInt16BE(KEEP_ALIVE, 2 + 6 + 2);
          client.socket.write(hello);
          await until('CONNACK', () => client.of(2).length === 1);
          return client;
        }),
      );
      // A connection whose CONNECT arrives in its socket during the pause.
      const late = connectSocket(gateway.ports.mqtt, '127.0.0.1');
      await once(late, 'connect');
      const pinging = setInterval(() => {
        for (const { socket } of clients) socket.write(rawPacket(0xc0));
      }, 500);
      try {
        await pause(1_000);
        process.kill(gateway.pid, 'SIGSTOP');
        await pause(6_000);
        late.write(rawConnect({ clientId: 'late' }));
        process.kill(gateway.pid, 'SIGCONT');
        await once(late, 'data');
        await pause(3_000);
        assert.equal(clients.filter(({ socket }) => !socket.closed).length, 10);
        assert.equal(watcher.of(3).length, 0, 'wills were published');
        // A client that stops sending while the process runs is disconnected.
        clearInterval(pinging);
        await until('the end of all connections', () =>
          clients.every(({ socket }) => socket.closed || socket.readableEnded),
        );
        await until('the wills', () => watcher.of(3).length === 10);
      } finally {
        clearInterval(pinging);
        late.destroy();
        for (const { socket } of [...clients, watcher]) socket.destroy();
      }
    } finally {
      process.kill(gateway.pid, 'SIGCONT');
      await gateway.stop();
    }
  });
});
