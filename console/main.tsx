import { render } from 'preact';
import { App } from './app.tsx';
import { consoleSettings } from './connection/console-settings.ts';
import { connectToGateway } from './connection/gateway-connection.ts';
import { CallRunner } from './model/calls/call-runner.ts';
import { ObservableValue } from './model/observable-value.ts';
import { TopicFeed } from './model/topics/topic-feed.ts';
import { type Page, PageProvider } from './page/page-context.ts';

/** Milliseconds between two renderings of live values: fast enough to look live, slow enough to be read. */
const RENDER_INTERVAL = 200;

/** Milliseconds since 1970 that never decrease, even if the computer's clock is changed. */
const now = () => performance.timeOrigin + performance.now();

const settings = consoleSettings(
  window.location,
  name => document.querySelector<HTMLMetaElement>(`meta[name="${name}"]`)?.content,
);
const feed = new TopicFeed({
  throttle: {
    interval: RENDER_INTERVAL,
    now,
    after: (milliseconds, callback) => window.setTimeout(callback, milliseconds),
    frame: callback => window.requestAnimationFrame(callback),
  },
  now,
});
const connection = connectToGateway(settings, now, feed);
const clock = new ObservableValue(now());
window.setInterval(() => {
  clock.set(now());
  feed.tick();
}, 1000);

const page: Page = {
  settings,
  connection: connection.state,
  feedProblem: connection.feedProblem,
  feed,
  callRunner: new CallRunner({ session: connection.client, now }),
  clock,
  selected: new ObservableValue<string | undefined>(undefined),
};

const root = document.getElementById('console');
if (root !== null) {
  render(
    <PageProvider value={page}>
      <App />
    </PageProvider>,
    root,
  );
}
