import { once } from 'node:events';
import { createServer } from 'node:net';

/**
 * Ports below those that Linux gives to connections and to servers on port 0 (32768 and more), so that only another caller
 * of `freePorts` could take one before its server listens. Processes begin at places far from each other.
 */
const FIRST = 20_000;
const COUNT = 12_000;

let offset = (process.pid * 97) % COUNT;

/** Ports of 127.0.0.1 on which no server listens; each call in a process gives others. */
export async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = [];
  for (let tries = 0; ports.length < count; tries++) {
    if (tries === COUNT)
      throw new Error(`${count} free ports were expected from ${FIRST} on, and ${ports.length} are free`);
    const port = FIRST + offset;
    offset = (offset + 1) % COUNT;
    if (await isFree(port)) ports.push(port);
  }
  return ports;
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE') return false;
    throw error;
  }
  server.close();
  await once(server, 'close');
  return true;
}
