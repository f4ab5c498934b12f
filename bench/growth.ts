import { ours } from './candidates.ts';
import type { Effort } from './effort.ts';
import type { PlotLine } from './growth-plot.ts';
import type { Pattern } from './load-session.ts';
import { type Entry, measureAll } from './measure.ts';
import { PublishLoad, type PublishLoadOptions, type Subscriber } from './publish-load.ts';
import { exactly, rawCbor, sensor } from './samples.ts';
import type { Findings, OtherScenario } from './scenario.ts';

/** Subscriptions of one session, whose number is limited. */
const MAX_OF_ONE = 20_000;

/** More topics than the router caches matches of, so that each event is matched. */
const MANY_TOPICS = 20_000;

/**
 * The kind of thing whose number grows, the number, and a load with it. Each event has one receiver at every number.
 */
interface Series {
  readonly name: string;
  readonly sizes: readonly number[];
  load(size: number): PublishLoadOptions;
}

const base = { publisher: rawCbor, payload: sensor, window: 1024 } as const;

function names(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `com.example.plant${i % 100}.line${i}.temperature`);
}

const all: Subscriber = { wire: rawCbor, patterns: [{ topic: 'com.example.plant', match: 'prefix' }] };

/** Sessions that share this number of patterns, none of which ever matches. */
function others(count: number, pattern: (index: number) => Pattern): Subscriber[] {
  const patterns = Array.from({ length: count }, (_, i) => pattern(i));
  const sessions = Math.ceil(count / MAX_OF_ONE);
  return Array.from({ length: sessions }, (_, i) => ({
    wire: rawCbor,
    patterns: patterns.slice(i * MAX_OF_ONE, (i + 1) * MAX_OF_ONE),
  }));
}

const series: readonly Series[] = [
  {
    name: 'topics',
    sizes: [10, 1000, 100_000],
    load: size => ({ ...base, topics: names(size), subscribers: [all] }),
  },
  {
    name: 'subscriptions of the receiver',
    sizes: [1, 100, 10_000],
    load: size => ({ ...base, topics: names(size), subscribers: [exactly(rawCbor, names(size))] }),
  },
  {
    name: 'prefix subscriptions',
    sizes: [10, 1000, 100_000],
    load: size => ({
      ...base,
      topics: names(MANY_TOPICS),
      subscribers: [all],
      bystanders: others(size, i => ({ topic: `com.example.plant${i % 100}.line${i}.pressure`, match: 'prefix' })),
    }),
  },
  {
    name: 'wildcard subscriptions',
    sizes: [10, 1000, 100_000],
    load: size => ({
      ...base,
      topics: names(MANY_TOPICS),
      subscribers: [all],
      bystanders: others(size, i => ({ topic: `com.example..line${i}.pressure`, match: 'wildcard' })),
    }),
  },
  {
    name: 'sessions',
    sizes: [10, 500, 5000],
    load: size => ({
      ...base,
      topics: names(10),
      subscribers: [all],
      bystanders: Array.from({ length: size }, (_, i) => exactly(rawCbor, [`com.example.other${i}`])),
    }),
  },
];

interface GrowthPoint {
  readonly size: number;
  /** CPU of the router for each event, in microseconds. */
  readonly cpu: number;
}

/** The CPU cost of an event with ten, a thousand and a hundred thousand of something. */
export const growth: readonly OtherScenario[] = series.map(each => ({
  kind: 'other',
  group: 'growth',
  name: each.name,
  run: effort => run(each, effort),
}));

/** The measurements of this run, for the plot. */
const kept = new Map<string, readonly GrowthPoint[]>();

export function growthLines(): readonly PlotLine[] {
  return [...kept].map(([name, points]) => {
    const first = points[0]?.cpu ?? Number.NaN;
    return { name, points: points.map(({ size, cpu }) => ({ size, cost: cpu / first })) };
  });
}

async function run({ name, sizes, load }: Series, effort: Effort): Promise<Findings> {
  const wanted = sizes.filter(size => size <= effort.growTo);
  const entries = wanted.map((size): Entry => {
    const { own, start } = ours();
    return { name: String(size), own, start, open: router => PublishLoad.open(router, load(size)) };
  });
  const results = await measureAll(entries, effort);
  const points = results.map(
    ({ router, figures }): GrowthPoint => ({ size: Number(router), cpu: figures?.cpu ?? Number.NaN }),
  );
  const first = points[0]?.cpu ?? Number.NaN;
  const lines = points.map(
    ({ size, cpu }) => `${String(size).padStart(7)}   ${cpu.toFixed(2)} us CPU an event, ${(cpu / first).toFixed(2)}x`,
  );
  kept.set(name, points);
  return { lines, lost: results.reduce((sum, { lost }) => sum + lost, 0), figures: { points } };
}
