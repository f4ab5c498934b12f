import type { Load } from './load.ts';
import { LoadSession } from './load-session.ts';
import { RouterProcess, type RouterProcessOptions } from './router-process.ts';
import type { IdleScenario, RateScenario } from './scenarios.ts';

/** How long each thing is looked at. */
export interface Effort {
  readonly rounds: number;
  readonly roundMilliseconds: number;
  readonly warmUpMilliseconds: number;
  readonly idleSessions: number;
}

/** Medians over the rounds of one router. */
export interface Figures {
  /** Events delivered, or calls answered, per second. */
  readonly rate: number;
  /** CPU of the router's process for each, in microseconds. */
  readonly cpu: number;
  /** CPU of the router's process, where 1 is one core. */
  readonly routerCores: number;
  /** CPU of the generator of load. */
  readonly loadCores: number;
  readonly rounds: readonly { readonly rate: number; readonly cpu: number }[];
}

export interface RateResult {
  readonly kind: 'rate';
  readonly group: string;
  readonly name: string;
  readonly unit: 'event' | 'call';
  readonly fast: Figures;
  readonly naive: Figures | undefined;
  /** Over all rounds; anything but 0 means that the figures are worth nothing. */
  readonly lost: number;
}

export interface IdleResult {
  readonly kind: 'idle';
  readonly group: string;
  readonly name: string;
  readonly sessions: number;
  /** Bytes for each session: of the resident set, and of what JavaScript holds. */
  readonly rss: number;
  readonly heap: number;
}

export type Result = RateResult | IdleResult;

interface RoundFigures {
  readonly rate: number;
  readonly cpu: number;
  readonly routerCores: number;
  readonly loadCores: number;
  readonly lost: number;
}

/** A router that is being measured. */
interface Subject {
  readonly router: RouterProcess;
  readonly load: Load;
  readonly rounds: RoundFigures[];
}

/** Events or calls after which the code in question is compiled. */
const WARM_UP_COUNT = 30_000;

/** Measures one scenario: our router and the naive one by turns, so that what disturbs one disturbs the other. */
export async function measureRate(
  scenario: RateScenario,
  effort: Effort,
  routers: readonly RouterProcessOptions[],
): Promise<RateResult> {
  const started = await Promise.all(routers.map(options => RouterProcess.start(options)));
  const subjects: Subject[] = [];
  try {
    for (const router of started) subjects.push({ router, load: await scenario.open(router), rounds: [] });
    let lost = 0;
    for (const { load } of subjects) lost += await warmUp(load, effort.warmUpMilliseconds);
    for (let i = 0; i < effort.rounds; i++) {
      for (const subject of subjects) {
        const round = await runRound(subject, effort.roundMilliseconds);
        subject.rounds.push(round);
        lost += round.lost;
      }
    }
    const [fast, naive] = subjects.map(({ rounds }) => summary(rounds));
    if (fast === undefined) throw new Error('no router to measure');
    const { kind, group, name, unit } = scenario;
    return { kind, group, name, unit, fast, naive, lost };
  } finally {
    for (const { load } of subjects) load.close();
    await Promise.all(started.map(router => router.stop()));
  }
}

/** What code needs to be compiled is runs of it: on a busy machine, more time. Returns what was lost. */
async function warmUp(load: Load, milliseconds: number): Promise<number> {
  let done = 0;
  let lost = 0;
  for (let i = 0; i < 4 && done < WARM_UP_COUNT; i++) {
    const tally = await load.run(milliseconds);
    done += tally.done;
    lost += tally.lost;
  }
  return lost;
}

async function runRound({ router, load }: Subject, milliseconds: number): Promise<RoundFigures> {
  const before = await router.usage();
  const ownBefore = process.cpuUsage();
  const { done, seconds, lost } = await load.run(milliseconds);
  const own = process.cpuUsage(ownBefore);
  const after = await router.usage();
  const cpu = after.cpu - before.cpu;
  return {
    rate: done / seconds,
    cpu: cpu / done,
    routerCores: cpu / 1e6 / seconds,
    loadCores: (own.user + own.system) / 1e6 / seconds,
    lost,
  };
}

function summary(rounds: readonly RoundFigures[]): Figures {
  const median = (of: (round: RoundFigures) => number): number => {
    const sorted = rounds.map(of).sort((a, b) => a - b);
    const middle = Math.floor(sorted.length / 2);
    const upper = sorted[middle] ?? Number.NaN;
    return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2;
  };
  return {
    rate: median(round => round.rate),
    cpu: median(round => round.cpu),
    routerCores: median(round => round.routerCores),
    loadCores: median(round => round.loadCores),
    rounds: rounds.map(({ rate, cpu }) => ({ rate, cpu })),
  };
}

/** Sessions opened at one time. */
const AT_ONCE = 50;

/** Measures the memory of sessions that have joined and do nothing. */
export async function measureIdle(scenario: IdleScenario, effort: Effort): Promise<IdleResult> {
  const { kind, group, name, wire } = scenario;
  const router = await RouterProcess.start({ naive: false });
  const sessions: LoadSession[] = [];
  const open = async (count: number): Promise<void> => {
    for (let left = count; left > 0; left -= AT_ONCE) {
      const few = Array.from({ length: Math.min(left, AT_ONCE) }, () => LoadSession.join(wire, router));
      sessions.push(...(await Promise.all(few)));
    }
  };
  try {
    // Code is compiled and pools are filled by the first sessions, which do not count.
    await open(2 * AT_ONCE);
    const before = await router.collect();
    await open(effort.idleSessions);
    const after = await router.collect();
    const count = after.sessions - before.sessions;
    if (count !== effort.idleSessions) throw new Error(`${count} of ${effort.idleSessions} sessions are there`);
    const rss = (after.rss - before.rss) / count;
    return { kind, group, name, sessions: count, rss, heap: (after.heap - before.heap) / count };
  } finally {
    for (const session of sessions) session.close();
    await router.stop();
  }
}
