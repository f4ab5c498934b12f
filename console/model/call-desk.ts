import type { WampSession } from '../../src/client/api/session-api.ts';
import { jsonPayload } from '../../src/codec/json/json-values.ts';
import { ErrorUri, WampError } from '../../src/wamp/errors.ts';
import { parseArguments, parseKeywords } from './call-form.ts';
import { type CallDraft, type CallOutcome, type CallRecord, withCall, withOutcome } from './call-log.ts';
import { Store } from './store.ts';
import { trim } from './trim.ts';

/** Milliseconds after which a call is given up. */
export const CALL_TIMEOUT = 30_000;
const VALUE_SIZE = 65_536;

export interface CallDeskOptions {
  readonly session: Pick<WampSession, 'call'>;
  /** Milliseconds since 1970 that never go back. */
  readonly now: () => number;
}

/** Makes calls and remembers the latest of them. */
export class CallDesk {
  readonly calls = new Store<readonly CallRecord[]>([]);
  /** What stands in the form. */
  readonly draft = new Store<CallDraft>({ procedure: '', args: '', kwargs: '' });
  readonly #session: Pick<WampSession, 'call'>;
  readonly #now: () => number;
  readonly #running = new Map<number, AbortController>();
  #lastId = 0;

  constructor({ session, now }: CallDeskOptions) {
    this.#session = session;
    this.#now = now;
  }

  /** Begins the call in the form; resolves when its outcome is in the log. Does nothing where the form has a mistake. */
  async callDraft(): Promise<void> {
    const draft = this.draft.value;
    const args = parseArguments(draft.args);
    const kwargs = parseKeywords(draft.kwargs);
    const procedure = draft.procedure.trim();
    if (procedure === '' || !args.ok || !kwargs.ok) return;
    this.#lastId += 1;
    const id = this.#lastId;
    const at = this.#now();
    const controller = new AbortController();
    this.#running.set(id, controller);
    this.calls.update(log => withCall(log, { ...draft, procedure, id, at, outcome: { kind: 'running' } }));
    const { signal } = controller;
    const payload = jsonPayload(args.json, kwargs.json);
    const options = { payload, signal, timeout: CALL_TIMEOUT };
    const outcome = await this.#outcome(() => this.#session.call(procedure, options), at);
    this.#running.delete(id);
    this.calls.update(log => withOutcome(log, id, outcome));
  }

  cancel(id: number): void {
    this.#running.get(id)?.abort();
  }

  /** Puts a former call back into the form. */
  reuse({ procedure, args, kwargs }: CallDraft): void {
    this.draft.set({ procedure, args, kwargs });
  }

  async #outcome(call: () => ReturnType<WampSession['call']>, at: number): Promise<CallOutcome> {
    try {
      const { args, kwargs } = await call();
      return { kind: 'result', values: trim({ args, kwargs }, VALUE_SIZE).values, took: this.#now() - at };
    } catch (error) {
      const took = this.#now() - at;
      if (!(error instanceof WampError)) {
        const text = error instanceof Error ? error.message : String(error);
        return { kind: 'error', uri: 'not sent', values: { args: [text], kwargs: {} }, took };
      }
      if (error.uri === ErrorUri.Canceled) return { kind: 'canceled', took };
      const { values } = trim({ args: error.args, kwargs: error.kwargs ?? {} }, VALUE_SIZE);
      return { kind: 'error', uri: error.uri, values, took };
    }
  }
}
