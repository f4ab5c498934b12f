import type { Effort } from './effort.ts';
import { LoadSession } from './load-session.ts';
import type { Candidate } from './measured-router.ts';
import type { Findings, OtherScenario } from './scenario.ts';
import { type WireName, wireText } from './wire-format.ts';

const KIB = 1024;

/** Sessions opened at the same time. */
const AT_ONCE = 50;

interface IdleFigures {
  /** Bytes for each session: of the resident set, and of the JavaScript heap with buffers. */
  readonly rss: number;
  readonly heap: number;
}

/** The memory of sessions that have joined and are idle. */
export function idleMemory(wire: WireName): OtherScenario {
  return { kind: 'other', group: 'idle', name: wireText(wire), run: (effort, all) => run(wire, effort, all) };
}

async function run(wire: WireName, effort: Effort, candidates: readonly Candidate[]): Promise<Findings> {
  const figures: Record<string, IdleFigures> = {};
  const lines: string[] = [];
  for (const candidate of candidates) {
    const { rss, heap } = await measure(candidate, wire, effort.idleSessions);
    figures[candidate.name] = { rss, heap };
    const ofIt = Number.isNaN(heap) ? '' : `, ${(heap / KIB).toFixed(1)} KiB of it JavaScript`;
    lines.push(
      `${candidate.name.padEnd(12)}${(rss / KIB).toFixed(1)} KiB resident${ofIt} (${effort.idleSessions} sessions)`,
    );
  }
  return { lines, lost: 0, figures };
}

async function measure(candidate: Candidate, wire: WireName, count: number): Promise<IdleFigures> {
  const router = await candidate.start();
  const sessions: LoadSession[] = [];
  const open = async (wanted: number): Promise<void> => {
    for (let left = wanted; left > 0; left -= AT_ONCE) {
      const few = Array.from({ length: Math.min(left, AT_ONCE) }, () => LoadSession.join(wire, router));
      sessions.push(...(await Promise.all(few)));
    }
  };
  try {
    // The first sessions compile code and fill pools, so they do not count.
    await open(2 * AT_ONCE);
    const before = await router.collect();
    await open(count);
    const after = await router.collect();
    return { rss: (after.rss - before.rss) / count, heap: (after.heap - before.heap) / count };
  } finally {
    for (const session of sessions) session.close();
    await router.stop();
  }
}
