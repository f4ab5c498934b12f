import { ours } from './candidates.ts';
import type { Effort } from './effort.ts';
import type { MeasuredRouter } from './measured-router.ts';
import { PacedLoad } from './paced-load.ts';
import { rawCbor, sensor } from './samples.ts';
import type { Findings, OtherScenario } from './scenario.ts';

const MIB = 1024 * 1024;

/**
 * Events per second. Each publisher sends ten at once, because otherwise one socket for each event would be the load.
 */
const RATE = 100_000;
const BURST = 10;

/** Measures what is left after a garbage collection. */
const LOOKS = 6;

/** A long load: whether memory grows during the load, and is released afterwards. */
export const soak: OtherScenario = { kind: 'other', group: 'soak', name: `${RATE} events a second`, run };

async function run({ soakSeconds }: Effort): Promise<Findings> {
  const router = await ours().start();
  const load = await PacedLoad.open(router, {
    wire: rawCbor,
    publishers: 20,
    rate: RATE,
    payload: sensor,
    burst: BURST,
  });
  try {
    const idle = await state(router);
    const lines = [`before: ${text(idle)}`];
    let lost = 0;
    const under: Memory[] = [];
    await load.run(2000);
    for (let look = 0; look < LOOKS; look++) {
      const tally = await load.run((soakSeconds * 1000) / LOOKS);
      const memory = await state(router);
      under.push(memory);
      lost += tally.lost;
      const { p99 = Number.NaN, p999 = Number.NaN } = tally.latency ?? {};
      const at = Math.round(((look + 1) * soakSeconds) / LOOKS);
      lines.push(
        `after ${String(at).padStart(4)} s: ${text(memory)}; ${Math.round(tally.done / tally.seconds)} events/s, p99 ${p99.toFixed(2)} ms, p99.9 ${p999.toFixed(2)} ms`,
      );
    }
    await new Promise(resolve => setTimeout(resolve, 3000));
    const after = await state(router);
    lines.push(`3 s after the load: ${text(after)}`);
    return { lines, lost, figures: { idle, under, after } };
  } finally {
    load.close();
    await router.stop();
  }
}

interface Memory {
  readonly heap: number;
  readonly rss: number;
}

async function state(router: MeasuredRouter): Promise<Memory> {
  const { heap, rss } = await router.collect();
  return { heap, rss };
}

function text({ heap, rss }: Memory): string {
  return `${(heap / MIB).toFixed(1)} MiB of JavaScript, ${(rss / MIB).toFixed(0)} MiB resident`;
}
