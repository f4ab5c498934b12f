import { PageHeader } from './parts/page-header.tsx';
import { LiveView } from './views/live-view.tsx';

/** The frame around whichever view is shown. */
export function App() {
  return (
    <div class="app">
      <PageHeader />
      <LiveView />
    </div>
  );
}
