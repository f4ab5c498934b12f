import { useEffect, useMemo, useState } from 'preact/hooks';
import { clockText, countText, rateText } from '../model/time-text.ts';
import type { TopicView } from '../model/topic-table.ts';
import { usePage } from '../page.ts';
import { useStore } from '../use-store.ts';
import { FirstSteps } from './first-steps.tsx';
import { TopicGrid } from './topic-grid.tsx';

/** The live table of topics, with its filter. `onOpen`: a topic was chosen to be read in detail. */
export function TopicPanel({ onOpen }: { readonly onOpen: () => void }) {
  const { feed, selected } = usePage();
  const view = useStore(feed.view);
  const [filter, setFilter] = useState('');
  const rows = useMemo(() => view.rows(filter), [view, filter]);
  const chosen = useStore(selected);

  // Something to look at from the first value on: until a topic is chosen, the first that has a number.
  useEffect(() => {
    if (chosen !== undefined) return;
    const first = view.rows('').find(topic => topic.series.size > 0);
    if (first !== undefined) selected.set(first.uri);
  }, [view, chosen, selected]);

  return (
    <section class="panel topics" aria-labelledby="topics-title">
      <div class="panel-head">
        <h2 id="topics-title">Topics</h2>
        <Totals view={view} shown={rows.length} />
        {view.size > 0 && <PauseButton />}
      </div>
      {view.size === 0 ? (
        <FirstSteps />
      ) : (
        <>
          <div class="topics-filter">
            <label class="visually-hidden" for="filter">
              Filter topics by name
            </label>
            <input
              id="filter"
              type="search"
              placeholder="Filter by name"
              autocomplete="off"
              autocapitalize="off"
              spellcheck={false}
              value={filter}
              onInput={event => setFilter(event.currentTarget.value)}
            />
            <button type="button" class="button" onClick={() => feed.clear()}>
              Clear
            </button>
          </div>
          {view.dropped > 0 && (
            <p class="topics-dropped" role="status">
              Too many topics: those silent for longest were dropped, {countText(view.dropped)} so far.
            </p>
          )}
          {rows.length === 0 ? (
            <p class="topics-none">No topic has “{filter.trim()}” in its name.</p>
          ) : (
            <TopicGrid rows={rows} now={view.now} onOpen={onOpen} />
          )}
        </>
      )}
    </section>
  );
}

function Totals({ view, shown }: { readonly view: TopicView; readonly shown: number }) {
  const of = shown === view.size ? '' : `${countText(shown)} of `;
  return (
    <p class="topics-totals" data-testid="totals">
      {of}
      {countText(view.size)} {view.size === 1 ? 'topic' : 'topics'}
      {view.perSecond !== undefined && ` · ${rateText(view.perSecond)}`}
    </p>
  );
}

function PauseButton() {
  const { feed } = usePage();
  const pausedAt = useStore(feed.pausedAt);
  if (pausedAt === undefined) {
    return (
      <button type="button" class="button" onClick={() => feed.pause()}>
        Pause
      </button>
    );
  }
  return (
    <>
      <span class="topics-paused" role="status">
        Paused at {clockText(pausedAt)}
      </span>
      <button type="button" class="button button-primary" onClick={() => feed.resume()}>
        Resume
      </button>
    </>
  );
}
