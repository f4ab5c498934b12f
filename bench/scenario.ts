import type { Effort } from './effort.ts';
import type { Load } from './load.ts';
import type { Candidate, MeasuredRouter } from './measured-router.ts';

/** A load on routers, which take turns. */
export interface LoadScenario {
  readonly kind: 'load';
  readonly group: string;
  readonly name: string;
  /** What is of interest: how much it can do, or how long each takes. */
  readonly shows: 'rate' | 'latency';
  /** What is compared. Default: our router and those that the runner was told of. */
  readonly candidates?: readonly Candidate[];
  /** Default: as for all. */
  readonly roundMilliseconds?: number;
  open(router: MeasuredRouter): Promise<Load>;
}

/** What a scenario of its own kind has found out. */
export interface Findings {
  readonly lines: readonly string[];
  readonly lost: number;
  readonly figures: Readonly<Record<string, unknown>>;
}

/** Something that is no load of the usual kind. */
export interface OtherScenario {
  readonly kind: 'other';
  readonly group: string;
  readonly name: string;
  /** `candidates`: ours, and those that the runner was told of. */
  run(effort: Effort, candidates: readonly Candidate[]): Promise<Findings>;
}

export type Scenario = LoadScenario | OtherScenario;
