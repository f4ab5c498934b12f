import { errorMessage } from '../../../src/base/error-message.ts';
import type { WampSession } from '../../../src/client/api/session-api.ts';
import { jsonPayload } from '../../../src/codec/json/json-values.ts';
import { ErrorUri, WampError } from '../../../src/wamp/errors.ts';
import { ObservableValue } from '../observable-value.ts';
import { truncate } from '../payload/truncate.ts';
import { parseArguments, parseKeywords } from './call-arguments.ts';
import { type CallDraft, type CallOutcome, type CallRecord, withCall, withOutcome } from './call-log.ts';

/** Milliseconds after which a call without a result is canceled. */
export const CALL_TIMEOUT = 30_000;
const VALUE_SIZE = 65_536;

export interface CallRunnerOptions {
  readonly session: Pick<WampSession, 'call'>;
  /** Milliseconds since 1970 that never decrease. */
  readonly now: () => number;
}

/** Makes the calls of the call form, and logs the latest of them. */
export class CallRunner {
  /** The log, newest call first. */
  readonly calls = new ObservableValue<readonly CallRecord[]>([]);
  /** The content of the call form. */
  readonly draft = new ObservableValue<CallDraft>({ procedure: '', args: '', kwargs: '' });
  readonly #session: Pick<WampSession, 'call'>;
  readonly #now: () => number;
  readonly #running = new Map<number, AbortController>();
  #lastId = 0;

  constructor({ session, now }: CallRunnerOptions) {
    this.#session = session;
    this.#now = now;
  }

  /** Makes the call in the form, and resolves when its outcome is in the log. An invalid draft is ignored. */
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

  /** Copies an earlier call into the form. */
  reuse({ procedure, args, kwargs }: CallDraft): void {
    this.draft.set({ procedure, args, kwargs });
  }

  async #outcome(call: () => ReturnType<WampSession['call']>, at: number): Promise<CallOutcome> {
    try {
      const { args, kwargs } = await call();
      return { kind: 'result', values: truncate({ args, kwargs }, VALUE_SIZE).values, took: this.#now() - at };
    } catch (error) {
      const took = this.#now() - at;
      if (!(error instanceof WampError)) {
        const text = errorMessage(error);
        return { kind: 'error', uri: 'not sent', values: { args: [text], kwargs: {} }, took };
      }
      if (error.uri === ErrorUri.Canceled) return { kind: 'canceled', took };
      const { values } = truncate({ args: error.args, kwargs: error.kwargs ?? {} }, VALUE_SIZE);
      return { kind: 'error', uri: error.uri, values, took };
    }
  }
}
