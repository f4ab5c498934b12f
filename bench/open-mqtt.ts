import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { rawConnect } from '../test/bridges/mqtt/raw-packets.ts';

/** A plain connection that the broker has accepted. */
export async function openMqtt(port: number, clientId: string): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  await once(socket, 'connect');
  socket.write(rawConnect({ clientId }));
  await once(socket, 'data');
  return socket;
}
