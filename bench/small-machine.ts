import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rawConnect, rawPublish } from '../test/bridges/mqtt/raw-packets.ts';
import { freePorts } from '../test/support/free-ports.ts';
import type { Effort } from './effort.ts';
import { usageOf } from './foreign-router.ts';
import { LoadSession } from './load-session.ts';
import type { Endpoint } from './measured-router.ts';
import { wsJson } from './samples.ts';
import type { Findings, OtherScenario } from './scenario.ts';

const MIB = 1024 * 1024;
const DEVICES = 300;
/** Messages per second of each device. */
const RATE = 2;
const HEAP_MIB = 256;

/** The whole gateway with MQTT, console and one dashboard, on one core (Linux) and with a small heap. */
export const smallMachine: OtherScenario = {
  kind: 'other',
  group: 'small machine',
  name: '300 MQTT devices x 2/s',
  run,
};

async function run({ soakSeconds }: Effort): Promise<Findings> {
  const [web = 0, mqtt = 0] = await freePorts(2);
  const folder = mkdtempSync(join(tmpdir(), 'wampway-bench-'));
  const config = join(folder, 'gateway.yaml');
  const listener = `{ type: web, host: 127.0.0.1, port: ${web} }`;
  writeFileSync(
    config,
    `log: { level: error }\nlisteners: [${listener}]\nbridges:\n  mqtt: { host: 127.0.0.1, port: ${mqtt} }\n`,
  );
  const main = fileURLToPath(new URL('../src/main.js', import.meta.url));
  const command = [process.execPath, `--max-old-space-size=${HEAP_MIB}`, main, 'start', '-c', config];
  const [program = '', ...args] = process.platform === 'linux' ? ['taskset', '-c', '0', ...command] : command;
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  const stop = (): void => void child.kill();
  process.once('exit', stop);
  const sockets: Socket[] = [];
  try {
    // `taskset` replaces itself by the program, so the process id stays the same.
    const pid = child.pid ?? 0;
    await answers(`http://127.0.0.1:${web}/`);
    await pause(3000);
    const idle = usageOf(pid);
    const dashboard = await openDashboard({ host: '127.0.0.1', port: web, path: '/ws' });
    for (let i = 0; i < DEVICES; i++) sockets.push(await openDevice(mqtt, `device${i}`));
    await pause(1000);
    const before = usageOf(pid);
    const seconds = Math.min(soakSeconds, 60);
    const sent = await publish(sockets, seconds);
    const after = usageOf(pid);
    for (let i = 0; i < 30 && dashboard.events < sent; i++) await pause(100);
    const cores = (after.cpu - before.cpu) / 1e6 / seconds;
    const lines = [
      `idle: ${(idle.rss / MIB).toFixed(0)} MiB resident`,
      `under load: ${(after.rss / MIB).toFixed(0)} MiB resident, ${(cores * 100).toFixed(1)} % of a core for ${(sent / seconds).toFixed(0)} messages/s`,
    ];
    const lost = Math.abs(sent - dashboard.events);
    dashboard.close();
    return { lines, lost, figures: { idle: idle.rss, loaded: after.rss, cores } };
  } finally {
    for (const socket of sockets) socket.destroy();
    const gone = child.exitCode === null ? once(child, 'exit') : undefined;
    stop();
    await gone;
    process.off('exit', stop);
    rmSync(folder, { recursive: true });
  }
}

async function answers(url: string): Promise<void> {
  for (let i = 0; i < 200; i++) {
    const response = await fetch(url).catch(() => undefined);
    await response?.text();
    if (response?.ok === true) return;
    await pause(100);
  }
  throw new Error('the gateway does not answer');
}

function pause(milliseconds: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, milliseconds));
}

async function openDashboard(endpoint: Endpoint) {
  const session = await LoadSession.join(wsJson, { realm: 'realm1', endpoint: () => endpoint });
  await session.subscribe([{ topic: 'mqtt.plant.', match: 'prefix' }]);
  const dashboard = { events: 0, close: () => session.close() };
  session.listen({ message: () => dashboard.events++, chunkEnd: () => {} });
  return dashboard;
}

async function openDevice(port: number, clientId: string): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  await once(socket, 'connect');
  socket.write(rawConnect({ clientId }));
  await once(socket, 'data');
  return socket;
}

/** Each device has its own phase within the half second between two messages. */
async function publish(sockets: readonly Socket[], seconds: number): Promise<number> {
  const begun = performance.now();
  let sent = 0;
  for (;;) {
    const elapsed = (performance.now() - begun) / 1000;
    const due = Math.floor(Math.min(elapsed, seconds) * RATE * sockets.length);
    for (; sent < due; sent++) {
      const device = sent % sockets.length;
      sockets[device]?.write(
        rawPublish(`plant/device${device}/temperature`, `{"value":${20 + (sent % 100) / 10},"unit":"C"}`),
      );
    }
    if (elapsed >= seconds) return sent;
    await pause(2);
  }
}
