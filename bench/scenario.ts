import type { Effort } from './effort.ts';
import type { Load } from './load.ts';
import type { Candidate, MeasuredRouter } from './measured-router.ts';

/** A load on routers, which are measured in turns. */
export interface LoadScenario {
  readonly kind: 'load';
  readonly group: string;
  readonly name: string;
  /** The figure of interest: throughput or latency. */
  readonly shows: 'rate' | 'latency';
  /** The routers to compare. Default: our router and those of the command line. */
  readonly candidates?: readonly Candidate[];
  /** Default: as for all scenarios. */
  readonly roundMilliseconds?: number;
  open(router: MeasuredRouter): Promise<Load>;
}

/** The results of a scenario of another kind. */
export interface Findings {
  readonly lines: readonly string[];
  readonly lost: number;
  readonly figures: Readonly<Record<string, unknown>>;
}

/** A scenario that is not a load of the usual kind. */
export interface OtherScenario {
  readonly kind: 'other';
  readonly group: string;
  readonly name: string;
  /** `candidates`: our router, and those of the command line. */
  run(effort: Effort, candidates: readonly Candidate[]): Promise<Findings>;
}

export type Scenario = LoadScenario | OtherScenario;
