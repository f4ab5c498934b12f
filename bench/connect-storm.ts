import type { Effort } from './effort.ts';
import { Latencies } from './latencies.ts';
import { LoadSession } from './load-session.ts';
import type { Candidate } from './measured-router.ts';
import { PacedLoad } from './paced-load.ts';
import type { Findings, OtherScenario } from './scenario.ts';
import { type WireName, wireText } from './wire-format.ts';

/** Connections that are in progress at the same time. */
const AT_ONCE = 100;

/** During the storm, one publisher and one subscriber continue. */
const RATE = 1000;

/**
 * Very many sessions join at once, as after a power failure: how fast they join, and the latency for existing sessions.
 */
export function connectStorm(wire: WireName): OtherScenario {
  return { kind: 'other', group: 'storm', name: wireText(wire), run: (effort, all) => run(wire, effort, all) };
}

async function run(wire: WireName, effort: Effort, candidates: readonly Candidate[]): Promise<Findings> {
  const lines: string[] = [];
  const figures: Record<string, unknown> = {};
  let lost = 0;
  for (const candidate of candidates) {
    const router = await candidate.start();
    const sessions: LoadSession[] = [];
    const paced = await PacedLoad.open(router, { wire, publishers: 1, rate: RATE, payload: [['ok']] });
    try {
      const before = await router.usage();
      const begun = performance.now();
      const took = new Latencies();
      let left = effort.idleSessions;
      let seconds = 0;
      const one = async (): Promise<void> => {
        while (left-- > 0) {
          const at = performance.now();
          sessions.push(await LoadSession.join(wire, router));
          took.add(performance.now() - at);
        }
        seconds = (performance.now() - begun) / 1000;
      };
      const all = Promise.all(Array.from({ length: AT_ONCE }, one));
      const { latency, lost: missing } = await paced.run(effort.idleSessions / 4);
      await all;
      const cpu = ((await router.usage()).cpu - before.cpu) / effort.idleSessions;
      const join = took.figures();
      lost += candidate.own ? missing : 0;
      figures[candidate.name] = { rate: effort.idleSessions / seconds, cpu, join, others: latency };
      lines.push(
        `${candidate.name.padEnd(12)}${(effort.idleSessions / seconds).toFixed(0)} sessions/s, ${cpu.toFixed(0)} us CPU each, ` +
          `joined in ${join.p50.toFixed(0)} ms (p50) and ${join.p99.toFixed(0)} ms (p99); ` +
          `an event beside it takes ${latency?.p50.toFixed(1)} ms (p50) and ${latency?.p99.toFixed(1)} ms (p99)`,
      );
    } finally {
      paced.close();
      for (const session of sessions) session.close();
      await router.stop();
    }
  }
  return { lines, lost, figures };
}
