import { numberText } from '../../model/payload/value-text.ts';
import { type Series, seriesFacts } from '../../model/series/series.ts';
import { durationText } from '../../model/text/time-text.ts';
import { LineChart } from './line-chart.tsx';

interface SeriesChartProps {
  readonly series: Series;
  readonly name: string;
  readonly now: number;
}

/** A number over time: a chart, the latest value, and the minimum, mean and maximum. */
export function SeriesChart({ series, name, now }: SeriesChartProps) {
  const facts = seriesFacts(series);
  if (facts === undefined) return null;
  const text = series.stepped ? (value: number) => String(value === 1) : numberText;
  const range = series.stepped ? '' : `, from ${numberText(facts.lowest)} to ${numberText(facts.highest)}`;
  return (
    <figure class="chart">
      <figcaption class="chart-caption">
        <span class="chart-latest" data-testid="latest">
          {text(facts.latest)}
        </span>
        {!series.stepped && (
          <dl class="chart-facts">
            <div>
              <dt>min</dt>
              <dd>{numberText(facts.lowest)}</dd>
            </div>
            <div>
              <dt>mean</dt>
              <dd>{numberText(Number(facts.mean.toPrecision(4)))}</dd>
            </div>
            <div>
              <dt>max</dt>
              <dd>{numberText(facts.highest)}</dd>
            </div>
          </dl>
        )}
      </figcaption>
      <LineChart
        points={series.points()}
        stepped={series.stepped}
        now={now}
        label={`Chart of ${name}: latest ${text(facts.latest)}${range}, over ${durationText(facts.span)}`}
      />
    </figure>
  );
}
