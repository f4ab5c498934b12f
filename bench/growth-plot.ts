/** A line of the plot: the cost of an event relative to the first point. */
export interface PlotLine {
  readonly name: string;
  readonly points: readonly { readonly size: number; readonly cost: number }[];
}

const WIDTH = 720;
const HEIGHT = 380;
const BOX = { left: 56, right: 500, top: 24, bottom: 330 } as const;
const DECADES = 5;
const TOP = 3;
const COLOURS = ['#2563eb', '#d97706', '#059669', '#9333ea', '#dc2626'];

function x(size: number): number {
  return BOX.left + (Math.log10(Math.max(1, size)) / DECADES) * (BOX.right - BOX.left);
}

function y(cost: number): number {
  return BOX.bottom - (Math.min(cost, TOP) / TOP) * (BOX.bottom - BOX.top);
}

/** An SVG for light and dark backgrounds: cost by size, in decades. */
export function growthPlot(lines: readonly PlotLine[]): string {
  const grid = [0, 1, 2, 3].map(
    cost =>
      `<path d="M${BOX.left} ${y(cost)}H${BOX.right}" stroke="#8884"/>${label(BOX.left - 8, y(cost) + 4, `${cost}x`, 'end')}`,
  );
  const decades = Array.from({ length: DECADES + 1 }, (_, i) => 10 ** i).map(
    size =>
      `<path d="M${x(size)} ${BOX.top}V${BOX.bottom}" stroke="#8882"/>${label(x(size), BOX.bottom + 18, size.toLocaleString('en-US'), 'middle')}`,
  );
  const limit = `<path d="M${BOX.left} ${y(2)}H${BOX.right}" stroke="#888" stroke-dasharray="4 4"/>`;
  const drawn = lines.map(({ name, points }, i) => {
    const colour = COLOURS[i % COLOURS.length] ?? '#888';
    const path = points.map(
      ({ size, cost }, at) => `${at === 0 ? 'M' : 'L'}${x(size).toFixed(1)} ${y(cost).toFixed(1)}`,
    );
    const dots = points.map(
      ({ size, cost }) => `<circle cx="${x(size).toFixed(1)}" cy="${y(cost).toFixed(1)}" r="4" fill="${colour}"/>`,
    );
    const key = `<path d="M${BOX.right + 20} ${40 + 24 * i}h20" stroke="${colour}" stroke-width="3"/>`;
    const named = label(BOX.right + 48, 44 + 24 * i, name, 'start');
    return `<path d="${path.join('')}" fill="none" stroke="${colour}" stroke-width="2.5"/>${dots.join('')}${key}${named}`;
  });
  const title = label((BOX.left + BOX.right) / 2, HEIGHT - 8, 'how many there are', 'middle');
  const body = [...grid, ...decades, limit, ...drawn, title].join('\n');
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="13">
<title>What an event costs the router, relative to few</title>
${body}
</svg>
`;
}

function label(at: number, baseline: number, text: string, anchor: 'start' | 'middle' | 'end'): string {
  return `<text x="${at}" y="${baseline}" text-anchor="${anchor}" fill="#888">${text}</text>`;
}
