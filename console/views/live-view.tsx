import { useRef } from 'preact/hooks';
import { CallPanel } from '../parts/calls/call-panel.tsx';
import { TopicDetails } from '../parts/details/topic-details.tsx';
import { ConnectionNotice } from '../parts/status/connection-notice.tsx';
import { TopicPanel } from '../parts/topics/topic-panel.tsx';

/** The current activity of the realm: all topics, one topic in detail, and calls. */
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
