import type { CallOutcome, CallRecord } from '../model/call-log.ts';
import { errorText } from '../model/error-text.ts';
import { clockText, durationText } from '../model/time-text.ts';
import { clean, summary } from '../model/value-text.ts';
import { usePage } from '../page.ts';
import { PayloadView } from './payload-view.tsx';

interface CallEntryProps {
  readonly call: CallRecord;
  /** In full; else as a line that opens. */
  readonly open?: boolean;
}

/** A call and what became of it. */
export function CallEntry({ call, open = false }: CallEntryProps) {
  const { desk } = usePage();
  const { outcome } = call;
  const body = (
    <div class="call-body">
      <Outcome outcome={outcome} />
      <p class="call-foot">
        <span>
          {clockText(call.at)}
          {outcome.kind !== 'running' && `, took ${durationText(outcome.took)}`}
        </span>
        {outcome.kind === 'running' ? (
          <button type="button" class="button button-small" onClick={() => desk.cancel(call.id)}>
            Cancel
          </button>
        ) : (
          <button type="button" class="button button-small" onClick={() => desk.reuse(call)}>
            Use again
          </button>
        )}
      </p>
    </div>
  );
  const title = (
    <>
      <span class={`call-mark call-mark-${outcome.kind}`}>{markOf(outcome)}</span>
      <span class="call-name">{clean(call.procedure)}</span>
    </>
  );
  if (open) {
    return (
      <div class={`call call-${outcome.kind}`} data-testid="outcome">
        <p class="call-title">{title}</p>
        {body}
      </div>
    );
  }
  return (
    <details class={`call call-${outcome.kind}`}>
      <summary class="call-title">
        {title}
        <span class="call-line">{lineOf(outcome)}</span>
      </summary>
      {body}
    </details>
  );
}

function Outcome({ outcome }: { readonly outcome: CallOutcome }) {
  switch (outcome.kind) {
    case 'running':
      return <p>Waiting for the answer…</p>;
    case 'canceled':
      return <p>Cancelled before an answer came. It may have been carried out all the same.</p>;
    case 'result':
      return <PayloadView values={outcome.values} />;
    case 'error':
      return <Failure uri={outcome.uri} values={outcome.values} />;
  }
}

function Failure({ uri, values }: Pick<CallOutcome & { readonly kind: 'error' }, 'uri' | 'values'>) {
  const [first, ...others] = values.args;
  const said = typeof first === 'string' ? first : undefined;
  const rest = said === undefined ? values : { args: others, kwargs: values.kwargs };
  const meaning = errorText(uri);
  return (
    <>
      <p class="call-error-uri">{clean(uri)}</p>
      {said !== undefined && <p>{clean(said)}</p>}
      {meaning !== undefined && meaning !== said && <p class="call-meaning">{meaning}</p>}
      {(rest.args.length > 0 || Object.keys(rest.kwargs).length > 0) && <PayloadView values={rest} />}
    </>
  );
}

function markOf({ kind }: CallOutcome): string {
  return { running: 'Running', result: 'Result', error: 'Error', canceled: 'Cancelled' }[kind];
}

function lineOf(outcome: CallOutcome): string {
  if (outcome.kind === 'result') return summary(outcome.values, 80);
  return outcome.kind === 'error' ? clean(outcome.uri) : '';
}
