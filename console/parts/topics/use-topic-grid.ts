import type { RefObject } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { type RowWindow, rowAfterKey, rowWindow } from '../../model/topics/row-window.ts';
import type { Topic } from '../../model/topics/topic.ts';
import { usePage } from '../../page/page-context.ts';
import { useObservable } from '../../page/use-observable.ts';

interface TopicGridState {
  /** The scrolled element. */
  readonly box: RefObject<HTMLDivElement | null>;
  /** The rows to render. */
  readonly visible: RowWindow;
  /** Gives the body the height of all rows, and moves the rendered rows to their place. */
  readonly bodyStyle: { readonly height: string; readonly paddingTop: string };
  /** Index of the selected row, or -1 if no row is selected. */
  readonly selectedRow: number;
  readonly select: (row: number) => void;
  readonly onScroll: () => void;
  readonly onKeyDown: (event: KeyboardEvent) => void;
}

/** Heights in pixels. */
interface Extent {
  readonly rowHeight: number;
  readonly headHeight: number;
  readonly height: number;
}

/** The state of the topic grid: scroll position, selection, and keyboard control. */
export function useTopicGrid(rows: readonly Topic[], onOpen: () => void): TopicGridState {
  const { selected } = usePage();
  const selectedUri = useObservable(selected);
  const box = useRef<HTMLDivElement>(null);
  const [scrollTop, setScrollTop] = useState(0);
  const extent = useExtent(box);
  const selectedRow = selectedUri === undefined ? -1 : rows.findIndex(topic => topic.uri === selectedUri);
  const visible = rowWindow(rows.length, extent.rowHeight, scrollTop, extent.height);
  const bodyStyle = {
    height: `${rows.length * extent.rowHeight}px`,
    paddingTop: `${visible.first * extent.rowHeight}px`,
  };

  const select = (row: number) => {
    const topic = rows[row];
    if (topic === undefined) return;
    selected.set(topic.uri);
    if (box.current !== null) scrollIntoView(box.current, row, extent);
  };
  const onScroll = () => setScrollTop(box.current?.scrollTop ?? 0);
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === 'Enter' && selectedRow >= 0) {
      event.preventDefault();
      return onOpen();
    }
    const pageRows = Math.max(1, Math.floor((extent.height - extent.headHeight) / extent.rowHeight) - 1);
    const row = rowAfterKey(event.key, selectedRow, rows.length, pageRows);
    if (row === undefined) return;
    event.preventDefault();
    select(row);
  };
  return { box, visible, bodyStyle, selectedRow, select, onScroll, onKeyDown };
}

/** Scrolls by the smallest distance that makes a row visible. */
function scrollIntoView(box: HTMLElement, row: number, { rowHeight, headHeight, height }: Extent): void {
  const top = row * rowHeight;
  const bodyHeight = height - headHeight;
  if (top < box.scrollTop) box.scrollTop = top;
  else if (top + rowHeight > box.scrollTop + bodyHeight) box.scrollTop = top + rowHeight - bodyHeight;
}

/** The heights that the style sheet sets (rows are taller on a phone). They are measured when the box is resized. */
function useExtent(box: RefObject<HTMLDivElement | null>): Extent {
  const [extent, setExtent] = useState<Extent>({ rowHeight: 38, headHeight: 32, height: 600 });
  useLayoutEffect(() => {
    const element = box.current;
    const grid = element?.querySelector('.grid');
    const head = grid?.querySelector('.grid-head');
    if (element === null || grid == null || head == null) return;
    const measure = () => {
      const rowHeight = Number.parseFloat(getComputedStyle(grid).getPropertyValue('--row-height')) || 38;
      setExtent({ rowHeight, headHeight: head.getBoundingClientRect().height, height: element.clientHeight });
    };
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, [box]);
  return extent;
}
