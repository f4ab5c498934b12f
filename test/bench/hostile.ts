import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Session } from '../../src/client/session.ts';
import { codecNamed } from '../../src/codec/codecs.ts';
import { dial } from '../../src/transport/dial.ts';
import { GatewayProcess } from '../support/gateway-process.ts';
import { hostileAttacks } from './hostile-attacks.ts';
import { Latencies, type LatencyFigures } from './latencies.ts';

/** Milliseconds that a call may take at the 99th percentile while another client attacks. */
const MOST = 20;

/** Milliseconds between two calls, without an attack and with one. */
const EVERY = 5;
const QUIET = 2000;
const ATTACKED = 5000;
/** A client that has no answer for so long waits no more. */
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

/** Calls a procedure every few milliseconds, until `milliseconds` have passed and every answer has come. */
async function measured(session: Session, milliseconds: number): Promise<LatencyFigures> {
  const latencies = new Latencies();
  const end = performance.now() + milliseconds;
  const calls: Promise<void>[] = [];
  while (performance.now() < end) {
    const begun = performance.now();
    const noted = (): void => latencies.add(performance.now() - begun);
    calls.push(Promise.race([session.call('wampway.realm.get'), patience()]).then(noted, noted));
    await new Promise(next => setTimeout(next, EVERY));
  }
  await Promise.all(calls);
  return latencies.figures();
}

/** A process of its own, so that what it costs does not slow down the measurement. */
async function attackProcess(number: number, part: 'prepare' | 'run', { ports }: GatewayProcess): Promise<void> {
  const file = fileURLToPath(new URL('hostile-process.js', import.meta.url));
  const args = [file, String(number), part, JSON.stringify(ports), String(ATTACKED)];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'inherit', 'inherit'] });
  const timer = setTimeout(() => child.kill('SIGKILL'), ATTACKED + PATIENCE);
  await once(child, 'exit');
  clearTimeout(timer);
}

function column(value: number): string {
  return value.toFixed(1).padStart(9);
}

/**
 * Attacks a gateway in every way that is known, one after the other, while another session calls a procedure. Returns
 * whether its calls were answered in time, whatever the attack.
 */
export async function hostile(parts: readonly string[]): Promise<boolean> {
  const selected = [...hostileAttacks.entries()].filter(
    ([, { name }]) => parts.length === 0 || parts.some(part => name.includes(part)),
  );
  console.log(`${'calls of another session, in ms'.padEnd(72)}      p50      p99      max   quiet p99  times`);
  let good = true;
  for (const [number, { name }] of selected) {
    // Each has a gateway of its own: what one leaves behind is no part of the next.
    const gateway = await GatewayProcess.start(BRIDGES);
    try {
      const link = await dial(gateway.url, { codec: codecNamed('json') });
      const session = await Session.join(link, { realm: 'realm1' });
      await attackProcess(number, 'prepare', gateway);
      const quiet = await measured(session, QUIET);
      const [attacked] = await Promise.all([measured(session, ATTACKED), attackProcess(number, 'run', gateway)]);
      const { p50, p99, max } = attacked;
      const isGood = p99 < MOST;
      good &&= isGood;
      const figures = `${column(p50)}${column(p99)}${column(max)}   ${column(quiet.p99)}${column(p99 / quiet.p99)}`;
      console.log(`${name.padEnd(72)}${figures}${isGood ? '' : `  more than ${MOST} ms`}`);
      await session.leave();
    } finally {
      await gateway.stop();
    }
  }
  return good;
}
