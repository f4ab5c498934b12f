import { render } from 'preact';
import { App } from './app.tsx';
import { connect } from './connection.ts';
import { CallDesk } from './model/call-desk.ts';
import { pageSettings } from './model/page-settings.ts';
import { Store } from './model/store.ts';
import { TopicFeed } from './model/topic-feed.ts';
import { type Page, PageProvider } from './page.ts';

/** Milliseconds between two paints of live values: quick enough to look live, slow enough to be read. */
const PAINT_INTERVAL = 200;

/** Milliseconds since 1970 that never go back, whatever is done to the computer's clock. */
const now = () => performance.timeOrigin + performance.now();

const settings = pageSettings(
  window.location,
  name => document.querySelector<HTMLMetaElement>(`meta[name="${name}"]`)?.content,
);
const feed = new TopicFeed({
  painting: {
    interval: PAINT_INTERVAL,
    now,
    after: (milliseconds, callback) => window.setTimeout(callback, milliseconds),
    frame: callback => window.requestAnimationFrame(callback),
  },
  now,
});
const connection = connect(settings, now, feed);
const clock = new Store(now());
window.setInterval(() => {
  clock.set(now());
  feed.tick();
}, 1000);

const page: Page = {
  settings,
  connection: connection.state,
  feedProblem: connection.feedProblem,
  feed,
  desk: new CallDesk({ session: connection.client, now }),
  clock,
  selected: new Store<string | undefined>(undefined),
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
