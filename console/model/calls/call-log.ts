import type { PayloadValues } from '../../../src/wamp/payload.ts';

/** The content of the call form. */
export interface CallDraft {
  readonly procedure: string;
  readonly args: string;
  readonly kwargs: string;
}

export type CallOutcome =
  | { readonly kind: 'running' }
  | { readonly kind: 'result'; readonly values: PayloadValues; readonly took: number }
  | { readonly kind: 'error'; readonly uri: string; readonly values: PayloadValues; readonly took: number }
  | { readonly kind: 'canceled'; readonly took: number };

export interface CallRecord extends CallDraft {
  readonly id: number;
  /** When the call began, in milliseconds since 1970. */
  readonly at: number;
  readonly outcome: CallOutcome;
}

/** Number of calls in the log. The log is in memory only. */
export const CALLS_KEPT = 20;

/** Returns the log with a new call in front. If the log is full, the oldest call is dropped. */
export function withCall(log: readonly CallRecord[], call: CallRecord): readonly CallRecord[] {
  return [call, ...log].slice(0, CALLS_KEPT);
}

/** Returns the log with the outcome of a call. */
export function withOutcome(log: readonly CallRecord[], id: number, outcome: CallOutcome): readonly CallRecord[] {
  return log.map(call => (call.id === id ? { ...call, outcome } : call));
}

/** The distinct procedures in the log, latest first, as suggestions for the form. */
export function proceduresOf(log: readonly CallRecord[]): readonly string[] {
  return [...new Set(log.map(call => call.procedure))];
}
