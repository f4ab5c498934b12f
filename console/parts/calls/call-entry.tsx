import type { CallOutcome, CallRecord } from '../../model/calls/call-log.ts';
import { clean, summary } from '../../model/payload/value-text.ts';
import { errorText } from '../../model/text/error-text.ts';
import { clockText, durationText } from '../../model/text/time-text.ts';
import { usePage } from '../../page/page-context.ts';
import { PayloadView } from '../common/payload-view.tsx';

interface CallEntryProps {
  readonly call: CallRecord;
  /** True: the call is shown in full. False: it is shown as one line that the user can expand. */
  readonly open?: boolean;
}

/** A call and its outcome. */
export function CallEntry({ call, open = false }: CallEntryProps) {
  const { callRunner } = usePage();
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
          <button type="button" class="button button-small" onClick={() => callRunner.cancel(call.id)}>
            Cancel
          </button>
        ) : (
          <button type="button" class="button button-small" onClick={() => callRunner.reuse(call)}>
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
      return <CallError uri={outcome.uri} values={outcome.values} />;
  }
}

function CallError({ uri, values }: Pick<CallOutcome & { readonly kind: 'error' }, 'uri' | 'values'>) {
  const [first, ...others] = values.args;
  const message = typeof first === 'string' ? first : undefined;
  const rest = message === undefined ? values : { args: others, kwargs: values.kwargs };
  const meaning = errorText(uri);
  return (
    <>
      <p class="call-error-uri">{clean(uri)}</p>
      {message !== undefined && <p>{clean(message)}</p>}
      {meaning !== undefined && meaning !== message && <p class="call-meaning">{meaning}</p>}
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
