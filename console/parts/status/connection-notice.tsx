import type { ConnectionState } from '../../connection/connection-state.ts';
import { clockText, durationText } from '../../model/text/time-text.ts';
import { usePage } from '../../page/page-context.ts';
import { useObservable } from '../../page/use-observable.ts';

/** Milliseconds for which the page shows that it has reconnected. */
const RECOVERED_FOR = 10_000;

/** A notice across the page while the connection has a problem, and for a short time after it was restored. */
export function ConnectionNotice() {
  const { connection, clock, feedProblem } = usePage();
  const state = useObservable(connection);
  const now = useObservable(clock);
  const problem = useObservable(feedProblem);
  if (state.kind === 'waiting') return <ConnectionProblem state={state} />;
  if (state.kind !== 'connected') return null;
  if (problem !== undefined) {
    return (
      <p class="notice notice-bad" data-testid="notice">
        <strong>No events come in:</strong> {problem}
      </p>
    );
  }
  const { lost, since } = state;
  if (lost === undefined || now - since > RECOVERED_FOR) return null;
  return (
    <p class="notice notice-good" data-testid="notice">
      <strong>Connected again</strong> after {durationText(since - lost.at)}. Events from in between are missing.
    </p>
  );
}

function ConnectionProblem({ state }: { readonly state: ConnectionState & { readonly kind: 'waiting' } }) {
  const { reason, refused, lost } = state;
  if (refused) {
    return (
      <p class="notice notice-bad" data-testid="notice">
        <strong>The gateway refuses this page:</strong> {reason}. Trying again by itself.
      </p>
    );
  }
  return (
    <p class="notice notice-bad" data-testid="notice">
      {lost === undefined ? (
        <>
          <strong>Not connected:</strong> {reason}. Trying again by itself.
        </>
      ) : (
        <>
          <strong>Connection lost</strong> at {clockText(lost.at)}: {lost.reason}. Values are from before; trying again
          by itself.
        </>
      )}
    </p>
  );
}
