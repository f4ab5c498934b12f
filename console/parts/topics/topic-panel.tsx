import { useEffect, useMemo, useState } from 'preact/hooks';
import { clockText, countText, rateText } from '../../model/text/time-text.ts';
import type { TopicView } from '../../model/topics/topic-view.ts';
import { usePage } from '../../page/page-context.ts';
import { useObservable } from '../../page/use-observable.ts';
import { FirstSteps } from './first-steps.tsx';
import { TopicGrid } from './topic-grid.tsx';

/** The live table of topics, with its filter. `onOpen` is called when the user opens the details of a topic. */
export function TopicPanel({ onOpen }: { readonly onOpen: () => void }) {
  const { feed, selected } = usePage();
  const view = useObservable(feed.view);
  const [filter, setFilter] = useState('');
  const rows = useMemo(() => view.rows(filter), [view, filter]);
  const selectedUri = useObservable(selected);

  // Until the user selects a topic, select the first one that has a number, so that a chart is visible from the start.
  useEffect(() => {
    if (selectedUri !== undefined) return;
    const first = view.rows('').find(topic => topic.series.size > 0);
    if (first !== undefined) selected.set(first.uri);
  }, [view, selectedUri, selected]);

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
          <TopicFilter value={filter} onInput={setFilter} />
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

interface TopicFilterProps {
  readonly value: string;
  readonly onInput: (filter: string) => void;
}

function TopicFilter({ value, onInput }: TopicFilterProps) {
  const { feed } = usePage();
  return (
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
        value={value}
        onInput={event => onInput(event.currentTarget.value)}
      />
      <button type="button" class="button" onClick={() => feed.clear()}>
        Clear
      </button>
    </div>
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
  const pausedAt = useObservable(feed.pausedAt);
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
