import type { Effort } from './effort.ts';
import type { LatencyFigures } from './latencies.ts';
import type { Load } from './load.ts';
import type { Candidate, MeasuredRouter } from './measured-router.ts';
import type { LoadScenario } from './scenario.ts';

/** Medians over the rounds of one router. */
export interface Figures {
  /** Events delivered, or calls answered, per second. */
  readonly rate: number;
  /** CPU of the router process for each, in microseconds. */
  readonly cpu: number;
  /** CPU of the router process, in cores. */
  readonly routerCores: number;
  /** CPU of the load generator, in cores. */
  readonly loadCores: number;
  readonly latency: LatencyFigures | undefined;
  readonly rounds: readonly { readonly rate: number; readonly cpu: number }[];
}

export interface RouterResult {
  readonly router: string;
  /** Undefined if it could not be measured, because the router ended or does not support the scenario. */
  readonly figures: Figures | undefined;
  /** Over all rounds. If it is not 0, the figures are not valid. */
  readonly lost: number;
}

export interface LoadResult {
  readonly kind: 'load';
  readonly group: string;
  readonly name: string;
  readonly shows: LoadScenario['shows'];
  /** Our router is the first. */
  readonly routers: readonly RouterResult[];
}

interface RoundFigures extends Omit<Figures, 'rounds'> {
  readonly lost: number;
}

/** A router under measurement. */
interface Subject {
  readonly name: string;
  readonly router: MeasuredRouter;
  readonly load: Load;
  readonly rounds: RoundFigures[];
  lost: number;
}

/** After this number of events or calls the measured code is compiled. */
const WARM_UP_COUNT = 30_000;

/** One router with one load. */
export interface Entry {
  readonly name: string;
  readonly own: boolean;
  start(): Promise<MeasuredRouter>;
  open(router: MeasuredRouter): Promise<Load>;
}

/** Measures one scenario with several routers. */
export async function measureLoad(
  scenario: LoadScenario,
  effort: Effort,
  candidates: readonly Candidate[],
): Promise<LoadResult> {
  const { group, name, shows, roundMilliseconds } = scenario;
  const open = (router: MeasuredRouter): Promise<Load> => scenario.open(router);
  const entries = candidates.map(each => ({ name: each.name, own: each.own, start: () => each.start(), open }));
  return { kind: 'load', group, name, shows, routers: await measureAll(entries, effort, roundMilliseconds) };
}

/** Measures all in turns, so that a disturbance affects all of them. */
export async function measureAll(
  entries: readonly Entry[],
  effort: Effort,
  roundMilliseconds = effort.roundMilliseconds,
): Promise<readonly RouterResult[]> {
  const started: MeasuredRouter[] = [];
  const subjects: Subject[] = [];
  try {
    for (const entry of entries) {
      const router = await entry.start();
      started.push(router);
      const load = await opened(entry, router);
      if (load !== undefined) subjects.push({ name: entry.name, router, load, rounds: [], lost: 0 });
    }
    for (const subject of subjects) subject.lost += await warmUp(subject.load, effort.warmUpMilliseconds);
    for (let i = 0; i < effort.rounds; i++) {
      for (const subject of subjects) {
        const round = await runRound(subject, roundMilliseconds);
        subject.rounds.push(round);
        subject.lost += round.lost;
      }
    }
    return entries.map(({ name: router }): RouterResult => {
      const subject = subjects.find(each => each.name === router);
      return { router, figures: subject && summary(subject.rounds), lost: subject?.lost ?? 0 };
    });
  } finally {
    for (const { load } of subjects) load.close();
    await Promise.all(started.map(router => router.stop()));
  }
}

/** Every failure of our router is an error. Another router may lack support for a protocol. */
async function opened({ own, open }: Entry, router: MeasuredRouter): Promise<Load | undefined> {
  try {
    return await open(router);
  } catch (error) {
    if (own) throw error;
    return undefined;
  }
}

/**
 * Warms up by a number of runs and not by time, because compilation depends on runs. Returns the number of lost
 * messages.
 */
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
  const { done, seconds, lost, latency } = await load.run(milliseconds);
  const own = process.cpuUsage(ownBefore);
  const after = await router.usage();
  const cpu = after.cpu - before.cpu;
  return {
    rate: done / seconds,
    cpu: cpu / done,
    routerCores: cpu / 1e6 / seconds,
    loadCores: (own.user + own.system) / 1e6 / seconds,
    latency,
    lost,
  };
}

function summary(rounds: readonly RoundFigures[]): Figures {
  const middle = (of: (round: RoundFigures) => number): number => median(rounds.map(of));
  const late = (of: (latency: LatencyFigures) => number): number =>
    middle(({ latency }) => (latency === undefined ? Number.NaN : of(latency)));
  return {
    rate: middle(round => round.rate),
    cpu: middle(round => round.cpu),
    routerCores: middle(round => round.routerCores),
    loadCores: middle(round => round.loadCores),
    latency:
      rounds[0]?.latency === undefined
        ? undefined
        : { p50: late(of => of.p50), p99: late(of => of.p99), p999: late(of => of.p999), max: late(of => of.max) },
    rounds: rounds.map(({ rate, cpu }) => ({ rate, cpu })),
  };
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2;
}
