import type { PayloadValues } from '../../src/wamp/payload.ts';

/** What was written into the form. */
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
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly outcome: CallOutcome;
}

/** How many calls the page remembers, in memory only. */
export const CALLS_KEPT = 20;

/** The log with a call begun, newest first; the oldest makes room. */
export function withCall(log: readonly CallRecord[], call: CallRecord): readonly CallRecord[] {
  return [call, ...log].slice(0, CALLS_KEPT);
}

/** The log with what became of a call. */
export function withOutcome(log: readonly CallRecord[], id: number, outcome: CallOutcome): readonly CallRecord[] {
  return log.map(call => (call.id === id ? { ...call, outcome } : call));
}

/** The procedures called, latest first, each once: for the form to offer. */
export function proceduresOf(log: readonly CallRecord[]): readonly string[] {
  return [...new Set(log.map(call => call.procedure))];
}
