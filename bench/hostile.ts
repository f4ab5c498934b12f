import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants, setPriority } from 'node:os';
import { fileURLToPath } from 'node:url';
import { ClientSession } from '../src/client/session/client-session.ts';
import { codecNamed } from '../src/codec/codecs.ts';
import { dial } from '../src/transport/dial.ts';
import { GatewayProcess } from '../test/support/gateway-process.ts';
import { hostileAttacks } from './hostile-attacks.ts';
import { Latencies, type LatencyFigures } from './latencies.ts';
import { longestWait, ProcessorTime } from './processor-time.ts';

/** Milliseconds that a call may take at the 99th percentile while another client attacks. */
const MOST = 20;

/** Milliseconds between two calls, without an attack and during one. */
const EVERY = 5;
const QUIET = 2000;
const ATTACKED = 5000;
/** A call without an answer for this time is given up. */
const PATIENCE = 20_000;

const BRIDGES = `  serial:
    ports:
      - id: pot
        path: demo:greenhouse
        procedures:
          - name: say
            write: "SAY {text}\\n"
            args: [{ name: text, type: string, maxLength: 4096, pattern: '^(\\w+\\s?)*$' }]
`;

function patience(): Promise<void> {
  return new Promise(done => setTimeout(done, PATIENCE).unref());
}

interface Measured {
  readonly calls: LatencyFigures;
  /** The same calls without the time in which the gateway or the caller waited for a processor. */
  readonly own: LatencyFigures;
  /** The share of time in which the main thread of the gateway ran. */
  readonly load: number;
}

/** Calls a procedure every few milliseconds, until `milliseconds` have passed and all answers have arrived. */
async function measured(session: ClientSession, pid: number, milliseconds: number): Promise<Measured> {
  const latencies = new Latencies();
  const own = new Latencies();
  const start = performance.now();
  const gateway = new ProcessorTime(pid);
  const caller = new ProcessorTime(process.pid);
  const before = gateway.now();
  const calls: Promise<void>[] = [];
  while (performance.now() < start + milliseconds) {
    const begun = performance.now();
    const gatewayBefore = gateway.now();
    const callerBefore = caller.now();
    const noted = (): void => {
      const took = performance.now() - begun;
      const gatewayAfter = gateway.now();
      const waited = longestWait(gatewayBefore, gatewayAfter) + longestWait(callerBefore, caller.now());
      latencies.add(took);
      // If both waited at the same time, that time is subtracted twice. So the result is at least the measured
      // work of the gateway.
      own.add(Math.min(took, Math.max(took - waited, gatewayAfter.run - gatewayBefore.run)));
    };
    calls.push(Promise.race([session.call('wampway.realm.get'), patience()]).then(noted, noted));
    await new Promise(next => setTimeout(next, EVERY));
  }
  const load = (gateway.now().run - before.run) / (performance.now() - start);
  await Promise.all(calls);
  return { calls: latencies.figures(), own: own.figures(), load };
}

/**
 * Runs an attack in its own process, so that its cost does not slow down the measurement. It has the lowest priority,
 * because a real attack comes from another machine and takes no processor time from the gateway.
 */
async function attackProcess(number: number, part: 'prepare' | 'run', { ports }: GatewayProcess): Promise<void> {
  const file = fileURLToPath(new URL('hostile-process.js', import.meta.url));
  const args = [file, String(number), part, JSON.stringify(ports), String(ATTACKED)];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'inherit', 'inherit'] });
  if (child.pid !== undefined) setPriority(child.pid, constants.priority.PRIORITY_LOW);
  const timer = setTimeout(() => child.kill('SIGKILL'), ATTACKED + PATIENCE);
  await once(child, 'exit');
  clearTimeout(timer);
}

function column(value: number): string {
  return value.toFixed(1).padStart(8);
}

function row({ calls, own, load }: Measured): string {
  return `${column(calls.p50)}${column(calls.p99)}${column(calls.max)}${column(own.p99)}${`${Math.round(100 * load)} %`.padStart(8)}`;
}

/**
 * Runs every known attack against a gateway, one after the other, while another session calls a procedure. Returns
 * whether its calls were answered in time during all attacks.
 */
export async function hostile(parts: readonly string[]): Promise<boolean> {
  const selected = [...hostileAttacks.entries()].filter(
    ([, { name }]) => parts.length === 0 || parts.some(part => name.includes(part)),
  );
  const columns = '     p50     p99     max     own gateway';
  console.log(`${''.padEnd(72)}   without the attack                        during the attack`);
  console.log(`${'calls of another session, in ms'.padEnd(72)}${columns}  ${columns}`);
  let good = true;
  for (const [number, { name }] of selected) {
    // Each attack has its own gateway, so that the remains of one do not affect the next.
    const gateway = await GatewayProcess.start(BRIDGES);
    try {
      const link = await dial(gateway.url, { codec: codecNamed('json') });
      const session = await ClientSession.join(link, { realm: 'realm1' });
      await attackProcess(number, 'prepare', gateway);
      const quiet = await measured(session, gateway.pid, QUIET);
      const [attacked] = await Promise.all([
        measured(session, gateway.pid, ATTACKED),
        attackProcess(number, 'run', gateway),
      ]);
      const isGood = attacked.calls.p99 < MOST;
      good &&= isGood;
      console.log(`${name.padEnd(72)}${row(quiet)}  ${row(attacked)}${verdict(attacked)}`);
      await session.leave();
    } finally {
      await gateway.stop();
    }
  }
  return good;
}

function verdict({ calls, own }: Measured): string {
  if (calls.p99 < MOST) return '';
  return own.p99 >= MOST ? `  more than ${MOST} ms` : `  more than ${MOST} ms, less without the waits for a processor`;
}
