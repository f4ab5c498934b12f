import { Fragment, type RefObject } from 'preact';
import { useState } from 'preact/hooks';
import { clean, numberText } from '../../model/payload/value-text.ts';
import type { Series } from '../../model/series/series.ts';
import { ageText, clockText, countText, rateText } from '../../model/text/time-text.ts';
import type { Topic } from '../../model/topics/topic.ts';
import { usePage } from '../../page/page-context.ts';
import { useObservable } from '../../page/use-observable.ts';
import { CopyButton } from '../common/copy-button.tsx';
import { PayloadView } from '../common/payload-view.tsx';
import { SeriesChart } from './series-chart.tsx';

/** One topic: its numbers, a chart of the selected number, and its latest value in full. */
export function TopicDetails({ heading }: { readonly heading: RefObject<HTMLHeadingElement | null> }) {
  const { feed, selected } = usePage();
  const view = useObservable(feed.view);
  const uri = useObservable(selected);
  const [paths, setPaths] = useState<ReadonlyMap<string, string>>(new Map());
  const topic = uri === undefined ? undefined : view.get(uri);
  if (uri === undefined || topic === undefined) {
    return (
      <section class="panel details" aria-labelledby="details-title">
        <h2 id="details-title" ref={heading} tabIndex={-1} class="details-none">
          {uri === undefined ? 'Choose a topic to see its values' : `Nothing from ${clean(uri)} at present`}
        </h2>
      </section>
    );
  }
  const { series, values, truncated } = topic;
  const path = chartedPath(series, paths.get(uri));
  const points = path === undefined ? undefined : series.get(path);
  return (
    <section class="panel details" aria-labelledby="details-title">
      <div class="panel-head">
        <h2 id="details-title" ref={heading} tabIndex={-1}>
          <Breakable uri={uri} />
          {path !== undefined && path !== '' && <span class="details-path"> › {clean(path)}</span>}
        </h2>
        <CopyButton text={uri} what="the topic's name" />
      </div>
      <Facts topic={topic} now={view.now} />
      {series.size > 1 && (
        <Fields
          series={series}
          chosen={path}
          onChoose={next => setPaths(new Map([...paths].slice(-200)).set(uri, next))}
        />
      )}
      {points !== undefined && (
        <SeriesChart key={`${uri}\n${path}`} series={points} name={path || 'value'} now={view.now} />
      )}
      <PayloadView values={values} truncated={truncated} />
    </section>
  );
}

/** A URI that may wrap after each dot. */
function Breakable({ uri }: { readonly uri: string }) {
  const [first, ...others] = clean(uri).split('.');
  return (
    <>
      {first}
      {others.map((part, index) => (
        <Fragment key={index}>
          .<wbr />
          {part}
        </Fragment>
      ))}
    </>
  );
}

function Facts({ topic, now }: { readonly topic: Topic; readonly now: number }) {
  return (
    <dl class="facts">
      <div>
        <dt>Received</dt>
        <dd>{clockText(topic.lastAt, true)}</dd>
      </div>
      <div>
        <dt>Age</dt>
        <dd>{ageText(now - topic.lastAt)}</dd>
      </div>
      <div>
        <dt>Rate</dt>
        <dd>{rateText(topic.rate.perSecond(now))}</dd>
      </div>
      <div>
        <dt>Events</dt>
        <dd>{countText(topic.count)}</dd>
      </div>
    </dl>
  );
}

interface FieldsProps {
  readonly series: ReadonlyMap<string, Series>;
  readonly chosen: string | undefined;
  readonly onChoose: (path: string) => void;
}

/** The numbers of a topic, as radio buttons. The chart shows the selected number. */
function Fields({ series, chosen, onChoose }: FieldsProps) {
  return (
    <fieldset class="fields">
      <legend class="visually-hidden">Value to draw</legend>
      {[...series].map(([path, points]) => (
        <label key={path} class={`field ${path === chosen ? 'field-chosen' : ''}`}>
          <input type="radio" name="field" checked={path === chosen} onChange={() => onChoose(path)} />
          <span class="field-name">{clean(path) || 'value'}</span>
          <span class="field-value">{latestText(points)}</span>
        </label>
      ))}
    </fieldset>
  );
}

function latestText({ latest, stepped }: Series): string {
  if (latest === undefined) return '–';
  return stepped ? String(latest === 1) : numberText(latest);
}

/** The selected path if it still exists, otherwise the first number, otherwise the first switch. */
function chartedPath(series: ReadonlyMap<string, Series>, chosen: string | undefined): string | undefined {
  if (chosen !== undefined && series.has(chosen)) return chosen;
  for (const [path, { stepped }] of series) if (!stepped) return path;
  return series.keys().next().value;
}
