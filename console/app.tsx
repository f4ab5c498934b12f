import { PageHeader } from './parts/status/page-header.tsx';
import { LiveView } from './views/live-view.tsx';

/** The frame around the current view. */
export function App() {
  return (
    <div class="app">
      <PageHeader />
      <LiveView />
    </div>
  );
}
