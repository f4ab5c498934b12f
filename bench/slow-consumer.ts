import { slowPolicies } from '../src/link/outgoing-policy.ts';
import { MessageType } from '../src/wamp/messages/message-type.ts';
import { ours } from './candidates.ts';
import type { Effort } from './effort.ts';
import type { Tally } from './load.ts';
import { LoadSession } from './load-session.ts';
import type { Candidate, MeasuredRouter } from './measured-router.ts';
import { PacedLoad } from './paced-load.ts';
import type { Findings, OtherScenario } from './scenario.ts';
import type { WireName } from './wire-format.ts';

const MIB = 1024 * 1024;
const RATE = 20_000;
const payload = [['x'.repeat(1000)]];

/** The effect of a subscriber that stops reading on another subscriber and on the router, with each policy. */
export function slowConsumer(wire: WireName): OtherScenario {
  return {
    kind: 'other',
    group: 'slow consumer',
    name: `${RATE} events of 1 KiB a second`,
    run: (...all) => run(wire, ...all),
  };
}

async function run(wire: WireName, { slowSeconds }: Effort, candidates: readonly Candidate[]): Promise<Findings> {
  const lines: string[] = [];
  const figures: Record<string, unknown> = {};
  let lost = 0;
  const policies = slowPolicies.map(policy => ours({ policy }, policy));
  for (const candidate of [...policies, ...candidates.filter(each => !each.own)]) {
    const router = await candidate.start();
    try {
      const alone = await measured(wire, router, slowSeconds, false);
      const beside = await measured(wire, router, slowSeconds, true);
      figures[candidate.name] = { alone, beside };
      if (candidate.own) lost += alone.lost + beside.lost;
      lines.push(`${candidate.name.padEnd(18)}alone: ${text(alone)}`, `${''.padEnd(18)}beside it: ${text(beside)}`);
    } finally {
      await router.stop();
    }
  }
  return { lines, lost, figures };
}

interface Measured extends Tally {
  /** The largest growth of the resident set, in bytes. */
  readonly growth: number;
}

async function measured(
  wire: WireName,
  router: MeasuredRouter,
  seconds: number,
  withStalled: boolean,
): Promise<Measured> {
  const load = await PacedLoad.open(router, { wire, publishers: 1, rate: RATE, payload });
  await load.run(1000);
  const before = await router.collect();
  let stalled: LoadSession | undefined;
  if (withStalled) {
    stalled = await LoadSession.join(wire, router);
    await stalled.request(
      [MessageType.Subscribe, 1, {}, 'com.example.plant7.line0.temperature'],
      MessageType.Subscribed,
    );
    stalled.stall();
  }
  let growth = 0;
  const look = setInterval(async () => {
    growth = Math.max(growth, (await router.usage()).rss - before.rss);
  }, 250);
  const tally = await load.run(seconds * 1000);
  clearInterval(look);
  stalled?.close();
  load.close();
  return { ...tally, growth };
}

function text({ latency, lost, growth }: Measured): string {
  const took = `p50 ${latency?.p50.toFixed(2)} ms, p99 ${latency?.p99.toFixed(2)} ms`;
  return `${took}, ${lost} lost, memory grew by ${(growth / MIB).toFixed(1)} MiB at most`;
}
