import { useRef } from 'preact/hooks';
import { CallPanel } from '../parts/call-panel.tsx';
import { ConnectionNotice } from '../parts/connection-notice.tsx';
import { TopicDetails } from '../parts/topic-details.tsx';
import { TopicPanel } from '../parts/topic-panel.tsx';

/** What happens on the realm now: the topics, one of them in detail, and calls. */
export function LiveView() {
  const details = useRef<HTMLHeadingElement>(null);
  return (
    <main class="live">
      <ConnectionNotice />
      <div class="live-panes">
        <TopicPanel onOpen={() => details.current?.focus()} />
        <div class="live-side">
          <TopicDetails heading={details} />
          <CallPanel />
        </div>
      </div>
    </main>
  );
}
