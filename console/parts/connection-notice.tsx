import type { ConnectionState } from '../model/connection-state.ts';
import { clockText, durationText } from '../model/time-text.ts';
import { usePage } from '../page.ts';
import { useStore } from '../use-store.ts';

/** Milliseconds for which the page says that it is back. */
const RECOVERED_FOR = 10_000;

/** A strip across the page while something is wrong with the connection, and shortly after it has come back. */
export function ConnectionNotice() {
  const { connection, clock, feedProblem } = usePage();
  const state = useStore(connection);
  const now = useStore(clock);
  const problem = useStore(feedProblem);
  if (state.kind === 'waiting') return <Trouble state={state} />;
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

function Trouble({ state }: { readonly state: ConnectionState & { readonly kind: 'waiting' } }) {
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
