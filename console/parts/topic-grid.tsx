import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { rowAfterKey, rowWindow } from '../model/row-window.ts';
import type { Topic } from '../model/topic-table.ts';
import { usePage } from '../page.ts';
import { useStore } from '../use-store.ts';
import { TopicRow } from './topic-row.tsx';

interface TopicGridProps {
  readonly rows: readonly Topic[];
  readonly now: number;
  readonly onOpen: () => void;
}

interface Extent {
  readonly rowHeight: number;
  readonly headHeight: number;
  readonly height: number;
}

/**
 * The rows, of which only those in sight are drawn. It is one stop of the Tab key; the arrow keys, Home, End and the
 * page keys choose a row, Enter goes to its details.
 */
export function TopicGrid({ rows, now, onOpen }: TopicGridProps) {
  const { selected } = usePage();
  const chosen = useStore(selected);
  const box = useRef<HTMLDivElement>(null);
  const [scrollTop, setScrollTop] = useState(0);
  const extent = useExtent(box);
  const chosenRow = chosen === undefined ? -1 : rows.findIndex(topic => topic.uri === chosen);
  const { first, end } = rowWindow(rows.length, extent.rowHeight, scrollTop, extent.height);

  const choose = (row: number) => {
    const topic = rows[row];
    if (topic === undefined) return;
    selected.set(topic.uri);
    if (box.current !== null) reveal(box.current, row, extent);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === 'Enter' && chosenRow >= 0) {
      event.preventDefault();
      return onOpen();
    }
    const page = Math.max(1, Math.floor((extent.height - extent.headHeight) / extent.rowHeight) - 1);
    const row = rowAfterKey(event.key, chosenRow, rows.length, page);
    if (row === undefined) return;
    event.preventDefault();
    choose(row);
  };

  return (
    <div class="grid-box" ref={box} onScroll={event => setScrollTop(event.currentTarget.scrollTop)}>
      <table
        class="grid"
        // biome-ignore lint/a11y/noNoninteractiveElementToInteractiveRole: the grid pattern of WAI-ARIA, on a table
        role="grid"
        tabIndex={0}
        aria-labelledby="topics-title"
        aria-rowcount={rows.length + 1}
        aria-activedescendant={chosenRow >= first && chosenRow < end ? rowId(chosenRow) : undefined}
        onKeyDown={onKeyDown}
      >
        <thead class="grid-head">
          <tr class="row" aria-rowindex={1}>
            <th scope="col" class="cell-topic">
              Topic
            </th>
            <th scope="col" class="cell-value">
              Value
            </th>
            <th scope="col" class="cell-age">
              Age
            </th>
            <th scope="col" class="cell-rate">
              Rate
            </th>
          </tr>
        </thead>
        <tbody
          class="grid-body"
          style={{ height: `${rows.length * extent.rowHeight}px`, paddingTop: `${first * extent.rowHeight}px` }}
        >
          {rows.slice(first, end).map((topic, index) => (
            <TopicRow
              key={topic.uri}
              id={rowId(first + index)}
              position={first + index + 2}
              topic={topic}
              now={now}
              selected={topic.uri === chosen}
              onSelect={() => choose(first + index)}
            />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function rowId(row: number): string {
  return `topic-${row}`;
}

/** Scrolls just so far that a row is in sight. */
function reveal(box: HTMLElement, row: number, { rowHeight, headHeight, height }: Extent): void {
  const top = row * rowHeight;
  const room = height - headHeight;
  if (top < box.scrollTop) box.scrollTop = top;
  else if (top + rowHeight > box.scrollTop + room) box.scrollTop = top + rowHeight - room;
}

/** The heights that the style sheet decides (rows are taller on a phone), measured when the box changes its size. */
function useExtent(box: { readonly current: HTMLDivElement | null }): Extent {
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
