// Functions that run inside the page. Playwright sends their source text, so they use only their argument and the page's
// globals. The compiler settings of the tests lack the DOM types, so this file declares the parts that it uses.

interface PageElement {
  readonly id: string;
  readonly className: string;
  readonly textContent: string | null;
  readonly parentElement: PageElement | null;
  readonly scrollWidth: number;
  closest(selector: string): PageElement | null;
  querySelectorAll(selector: string): Iterable<PageElement>;
  checkVisibility(): boolean;
}

interface PageCanvas {
  readonly width: number;
  readonly height: number;
  getContext(
    kind: '2d',
    options: { readonly willReadFrequently: boolean },
  ): {
    drawImage(from: PageCanvas, x: number, y: number): void;
    getImageData(x: number, y: number, width: number, height: number): { readonly data: Uint8ClampedArray };
  };
}

interface PageNode {
  readonly textContent: string | null;
  readonly parentElement: PageElement | null;
}

interface PageStyle {
  readonly outlineStyle: string;
  readonly outlineWidth: string;
  readonly color: string;
  readonly backgroundColor: string;
  readonly fontSize: string;
  readonly fontWeight: string;
  getPropertyValue(name: string): string;
}

declare const document: {
  readonly activeElement: PageElement | null;
  readonly documentElement: PageElement;
  readonly body: PageElement;
  querySelector(selector: 'canvas'): PageCanvas | null;
  querySelector(selector: string): PageElement | null;
  querySelectorAll(selector: string): Iterable<PageElement>;
  createTreeWalker(root: PageElement, show: number): { nextNode(): PageNode | null };
};
declare const innerWidth: number;
declare const OffscreenCanvas: new (width: number, height: number) => PageCanvas;
declare const getComputedStyle: (element: PageElement) => PageStyle;
declare const MutationObserver: new (
  changed: () => void,
) => { observe(target: PageElement, what: Readonly<Record<string, boolean>>): void };

/** Returns the id of the focused element. */
export const focusedId = (): string | undefined => document.activeElement?.id;

/** True if the first element of a selector has the focus. */
export const isFocused = (selector: string): boolean => document.querySelector(selector) === document.activeElement;

/** True if the focused element or its parent has an outline. */
export const focusIsVisible = (): boolean => {
  const focused = document.activeElement;
  return [focused, focused?.parentElement].some(element => {
    if (element == null) return false;
    const { outlineStyle, outlineWidth } = getComputedStyle(element);
    return outlineStyle !== 'none' && Number.parseFloat(outlineWidth) >= 2;
  });
};

/** Returns the width of the page's contents and of its window. */
export const widths = (): readonly [number, number] => [document.documentElement.scrollWidth, innerWidth];

/** Returns the first temperature in the table, or -1. */
export const temperatureShown = (): number =>
  Number(/temperature (\d+)/.exec(document.querySelector('.grid-body .cell-value')?.textContent ?? '')?.[1] ?? -1);

/** True if the first temperature in the table is above `limit`. */
export const temperatureAbove = (limit: number): boolean =>
  Number(/temperature (\d+)/.exec(document.querySelector('.grid-body .cell-value')?.textContent ?? '')?.[1] ?? -1) >
  limit;

/** True if the canvas has more than 20 pixels of the line's colour. */
export const lineIsDrawn = (): boolean => {
  const canvas = document.querySelector('canvas');
  if (canvas === null || canvas.width === 0) return false;
  const colour = getComputedStyle(document.documentElement).getPropertyValue('--chart-line').trim();
  const [red, green, blue] = [1, 3, 5].map(at => Number.parseInt(colour.slice(at, at + 2), 16));
  // Read from a copy, because reading from the chart's canvas would change how the browser draws it.
  const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext('2d', { willReadFrequently: true });
  copy.drawImage(canvas, 0, 0);
  const { data } = copy.getImageData(0, 0, canvas.width, canvas.height);
  let found = 0;
  for (let at = 0; at < data.length; at += 4) {
    if (data[at] === red && data[at + 1] === green && data[at + 2] === blue && data[at + 3] === 255) found += 1;
  }
  return found > 20;
};

/** Starts counting how often the text of an element changes. */
export const countPaints = (selector: string): { paints: number; since: number } => {
  const count = { paints: 0, since: performance.now() };
  const target = document.querySelector(selector);
  const counter = new MutationObserver(() => {
    count.paints += 1;
  });
  if (target !== null) counter.observe(target, { characterData: true, childList: true, subtree: true });
  return count;
};

/** Returns the count so far and its duration. */
export const paintsCounted = (count: { paints: number; since: number }): { paints: number; milliseconds: number } => ({
  paints: count.paints,
  milliseconds: performance.now() - count.since,
});

/** Lists every visible text whose contrast with its background is below 4.5, or 3 if the text is large. [WCAG 2.2: 1.4.3] */
export const contrasts = (): { checked: number; poor: string[] } => {
  const SHOW_TEXT = 4;
  const parse = (colour: string): number[] => (colour.match(/[\d.]+/g) ?? []).map(Number);
  const luminance = (colour: readonly number[]): number => {
    const [red = 0, green = 0, blue = 0] = colour.map(part => {
      const share = part / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const backgroundOf = (element: PageElement): number[] => {
    for (let at: PageElement | null = element; at !== null; at = at.parentElement) {
      const ground = parse(getComputedStyle(at).backgroundColor);
      if (ground.length === 3 || (ground[3] ?? 0) === 1) return ground.slice(0, 3);
    }
    return [255, 255, 255];
  };
  const poor: string[] = [];
  let checked = 0;
  const walker = document.createTreeWalker(document.body, SHOW_TEXT);
  for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
    const element = node.parentElement;
    const text = node.textContent?.trim() ?? '';
    if (element === null || text === '' || !element.checkVisibility()) continue;
    if (element.closest(':disabled, noscript, .visually-hidden') !== null) continue;
    const { color, fontSize, fontWeight } = getComputedStyle(element);
    const [foreground, background] = [luminance(parse(color).slice(0, 3)), luminance(backgroundOf(element))];
    const contrast = (Math.max(foreground, background) + 0.05) / (Math.min(foreground, background) + 0.05);
    const size = Number.parseFloat(fontSize);
    const large = size >= 24 || (size >= 18.66 && Number(fontWeight) >= 700);
    checked += 1;
    if (contrast < (large ? 3 : 4.5)) poor.push(`${contrast.toFixed(2)} ${element.className}: ${text.slice(0, 40)}`);
  }
  return { checked, poor };
};

/** Returns topic and value of each rendered row. */
export function rowsShown(): [topic: string, value: string][] {
  return [...document.querySelectorAll('.grid-body .row')].map(row => {
    const [topic, value] = [...row.querySelectorAll('.cell-topic, .cell-value')];
    return [topic?.textContent ?? '', value?.textContent ?? ''];
  });
}
