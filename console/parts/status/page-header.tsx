import { connectionText } from '../../connection/connection-state.ts';
import { usePage } from '../../page/page-context.ts';
import { useObservable } from '../../page/use-observable.ts';

export function PageHeader() {
  const { settings } = usePage();
  return (
    <header class="header">
      <svg class="header-mark" viewBox="0 0 32 32" aria-hidden="true">
        <rect width="32" height="32" rx="8" />
        <path d="M6 11l5 11 5-9 5 9 5-11" />
      </svg>
      <h1 class="header-name">wampway</h1>
      <span class="header-realm" title="The realm this page has joined">
        <span class="visually-hidden">Realm </span>
        {settings.realm}
      </span>
      <ConnectionBadge />
    </header>
  );
}

/** The state of the connection. The text for screen readers changes with the state only, not once per second. */
function ConnectionBadge() {
  const { connection, clock } = usePage();
  const { tone, short, spoken, detail, tooltip } = connectionText(useObservable(connection), useObservable(clock));
  return (
    <div class={`badge badge-${tone}`} data-testid="connection" title={tooltip}>
      <span class="badge-dot" aria-hidden="true" />
      <span class="badge-text" aria-hidden="true">
        <strong>{short}</strong>
        {detail !== '' && <span class="badge-detail">{detail}</span>}
      </span>
      <span class="visually-hidden" role="status">
        {spoken}
      </span>
    </div>
  );
}
