import type { LoadResult } from './measure.ts';
import type { Findings } from './scenario.ts';

export interface OtherResult extends Findings {
  readonly kind: 'other';
  readonly group: string;
  readonly name: string;
}

export type Result = LoadResult | OtherResult;

/** What was lost by our own router: of another, it says only that its figures are worth nothing. */
export function lostBy(result: Result): number {
  return result.kind === 'load' ? (result.routers[0]?.lost ?? 0) : result.lost;
}
