import type { LoadResult } from './measure.ts';
import type { Findings } from './scenario.ts';

export interface OtherResult extends Findings {
  readonly kind: 'other';
  readonly group: string;
  readonly name: string;
}

export type Result = LoadResult | OtherResult;

/** The losses of our own router. Losses of another router only make its figures invalid. */
export function lostBy(result: Result): number {
  return result.kind === 'load' ? (result.routers[0]?.lost ?? 0) : result.lost;
}
