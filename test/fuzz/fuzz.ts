// `npm run fuzz -- --minutes 10 [--seed 1]` runs a gateway as a process for this time, with peers that send arbitrary
// data to every listener. The exit code is 1 if the process ends, logs an internal fault, or disturbs another session.
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { wireOf, wires } from '../support/bare-peer.ts';
import { bareSerializers } from '../support/bare-serializer.ts';
import { BareSession } from '../support/bare-session.ts';
import { GatewayProcess } from '../support/gateway-process.ts';
import { random } from './mutation.ts';
import { fuzzTargets } from './targets.ts';

const SIDE_BY_SIDE = 8;

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** What the gateway logs about an internal fault. */
const FAULT = /internal error|uncaught|unhandled|request failed|upgrade failed|out of memory|bridge failed/gi;

/** Returns the resident memory of a process in MB. */
function residentMegabytes(pid: number): number {
  const kilobytes = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Math.round(Number(kilobytes ?? 0) / 1024);
}

async function fuzz(minutes: number, seed: number): Promise<boolean> {
  const targets = fuzzTargets([...wires], [...bareSerializers]);
  say(`seed ${seed}, ${minutes} minutes, ${targets.length} targets: ${targets.map(({ name }) => name).join(', ')}`);
  const gateway = await GatewayProcess.start();
  const problems: string[] = [];
  let peers = 0;
  let told = 0;
  const end = performance.now() + minutes * 60_000;
  const before = residentMegabytes(gateway.pid);
  try {
    const bystander = await BareSession.join(gateway.ports, wireOf('websocket', 'json'));
    while (performance.now() < end && problems.length === 0) {
      const round = Array.from({ length: SIDE_BY_SIDE }, (_, i) => {
        // The seed of a peer also selects its target, so a run with that seed begins with this peer.
        const number = peers + i;
        const target = targets[(seed + number) % targets.length];
        return target?.run(gateway.ports, random(seed + number)).catch((error: unknown) => {
          problems.push(`${target.name}, --seed ${seed + number}: ${String(error)}`);
        });
      });
      await Promise.all(round);
      peers += SIDE_BY_SIDE;
      await bystander
        .call('wamp.session.count')
        .catch((error: unknown) => problems.push(`bystander: ${String(error)}`));
      const faults = gateway.output.match(FAULT) ?? [];
      if (faults.length > 0) problems.push(`the gateway says: ${faults.slice(0, 5).join(', ')}`);
      if (performance.now() - told > 30_000) {
        told = performance.now();
        say(`${peers} peers, RSS ${residentMegabytes(gateway.pid)} MB`);
      }
    }
    say(`${peers} peers, ${problems.length} problems, RSS ${before} -> ${residentMegabytes(gateway.pid)} MB`);
    bystander[Symbol.dispose]();
  } catch (error) {
    problems.push(String(error));
  } finally {
    const code = await gateway.stop();
    if (code !== 0) problems.push(`the gateway ended with ${code}:\n${gateway.output.slice(-3000)}`);
  }
  for (const problem of problems) say(problem);
  return problems.length === 0;
}

const { values } = parseArgs({ options: { minutes: { type: 'string', default: '1' }, seed: { type: 'string' } } });
const minutes = Number(values.minutes);
const seed = values.seed === undefined ? Date.now() % 1_000_000_000 : Number(values.seed);
if (!(minutes > 0) || !Number.isInteger(seed)) {
  say('usage: npm run fuzz -- --minutes N [--seed N]: a number of minutes above 0, a whole number as the seed');
  process.exitCode = 2;
} else if (!(await fuzz(minutes, seed))) {
  process.exitCode = 1;
}
