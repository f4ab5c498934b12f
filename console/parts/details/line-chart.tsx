import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import uPlot from 'uplot';
import { numberText } from '../../model/payload/value-text.ts';
import { clockText } from '../../model/text/time-text.ts';

interface LineChartProps {
  /** Milliseconds and values, in order of time. */
  readonly points: { readonly times: Float64Array; readonly values: Float64Array };
  readonly stepped: boolean;
  /** The right end of the time axis. A sensor that stopped sending leaves a gap there. */
  readonly now: number;
  /** Describes the chart for screen readers. */
  readonly label: string;
}

const HEIGHT = 200;
const SHORTEST_SPAN = 60_000;
const darkScheme = '(prefers-color-scheme: dark)';

/** A line chart over time, drawn by uPlot. */
export function LineChart({ points, stepped, now, label }: LineChartProps) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const range = useRef<[number, number]>([0, 1]);
  const dark = useMedia(darkScheme);
  const [pointed, setPointed] = useState<string>();

  range.current = [Math.min(points.times[0] ?? now, now - SHORTEST_SPAN) / 1000, now / 1000];

  useLayoutEffect(() => {
    const element = box.current;
    if (element === null) return;
    const width = () => Math.max(120, element.clientWidth);
    const chart = new uPlot(
      options(element, width(), stepped, () => range.current, setPointed),
      [[], []],
      element,
    );
    plot.current = chart;
    const observer = new ResizeObserver(() => chart.setSize({ width: width(), height: HEIGHT }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      chart.destroy();
      plot.current = undefined;
    };
  }, [stepped, dark]);

  useLayoutEffect(() => {
    plot.current?.setData([points.times.map(time => time / 1000), points.values]);
  }, [points]);

  return (
    <div class="chart-area">
      <div ref={box} class="chart-box" role="img" aria-label={label} data-testid="chart" />
      <p class="chart-pointed" aria-hidden="true">
        {pointed}
      </p>
    </div>
  );
}

function options(
  element: HTMLElement,
  width: number,
  stepped: boolean,
  range: () => [number, number],
  onPoint: (text: string | undefined) => void,
): uPlot.Options {
  const style = getComputedStyle(element);
  const colour = (name: string) => style.getPropertyValue(name).trim();
  const axis: uPlot.Axis = {
    stroke: colour('--text-muted'),
    font: `11px ${style.fontFamily}`,
    grid: { stroke: colour('--chart-grid'), width: 1 },
    ticks: { show: false },
  };
  return {
    width,
    height: HEIGHT,
    padding: [10, 8, 0, 0],
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, points: { size: 8 } },
    scales: {
      x: { time: true, range },
      y: stepped ? { range: [-0.1, 1.1] } : { range: (_, low, high) => paddedRange(low, high) },
    },
    axes: [
      { ...axis, space: 80, size: 30, values: (_, splits) => splits.map(split => clockText(split * 1000)) },
      {
        ...axis,
        size: (_, values) => 14 + Math.max(2, ...(values ?? []).map(text => text.length)) * 7,
        ...(stepped ? { splits: () => [0, 1] } : {}),
        values: (_, splits) => splits.map(split => (stepped ? ['off', 'on'][split] : numberText(split)) ?? ''),
      },
    ],
    series: [
      {},
      {
        stroke: colour('--chart-line'),
        width: 2,
        fill: colour('--chart-fill'),
        points: { show: (_, __, first, last) => last - first < 40, size: 5, fill: colour('--chart-line') },
        ...(stepped && uPlot.paths.stepped !== undefined ? { paths: uPlot.paths.stepped({ align: 1 }) } : {}),
      },
    ],
    hooks: {
      setCursor: [
        chart => {
          const index = chart.cursor.idx;
          const at = index == null ? undefined : chart.data[0][index];
          const value = index == null ? undefined : chart.data[1]?.[index];
          onPoint(at === undefined || value == null ? undefined : `${numberText(value)} at ${clockText(at * 1000)}`);
        },
      ],
    },
  };
}

/** Adds a margin above and below, also around a constant value. */
function paddedRange(low: number | null, high: number | null): [number, number] {
  const [bottom, top] = [low ?? 0, high ?? 1];
  const room = (top - bottom) * 0.1 || Math.abs(top) * 0.05 || 1;
  return [bottom - room, top + room];
}

function useMedia(query: string): boolean {
  const [matches, setMatches] = useState(() => matchMedia(query).matches);
  useEffect(() => {
    const list = matchMedia(query);
    const follow = () => setMatches(list.matches);
    list.addEventListener('change', follow);
    return () => list.removeEventListener('change', follow);
  }, [query]);
  return matches;
}
