import type { Topic } from '../../model/topics/topic.ts';
import { TopicRow } from './topic-row.tsx';
import { useTopicGrid } from './use-topic-grid.ts';

interface TopicGridProps {
  readonly rows: readonly Topic[];
  readonly now: number;
  /** Called if the Enter key is pressed on a selected row. */
  readonly onOpen: () => void;
}

/**
 * The table of topics, with the grid pattern of WAI-ARIA. Only the visible rows are rendered. The whole grid is one tab
 * stop. The arrow keys, Home, End, PageUp and PageDown select a row.
 */
export function TopicGrid({ rows, now, onOpen }: TopicGridProps) {
  const { box, visible, bodyStyle, selectedRow, select, onScroll, onKeyDown } = useTopicGrid(rows, onOpen);
  const { first, end } = visible;
  return (
    <div class="grid-box" ref={box} onScroll={onScroll}>
      <table
        class="grid"
        // biome-ignore lint/a11y/noNoninteractiveElementToInteractiveRole: the grid pattern of WAI-ARIA, on a table
        role="grid"
        tabIndex={0}
        aria-labelledby="topics-title"
        aria-rowcount={rows.length + 1}
        aria-activedescendant={selectedRow >= first && selectedRow < end ? rowId(selectedRow) : undefined}
        onKeyDown={onKeyDown}
      >
        <TopicGridHead />
        <tbody class="grid-body" style={bodyStyle}>
          {rows.slice(first, end).map((topic, index) => (
            <TopicRow
              key={topic.uri}
              id={rowId(first + index)}
              position={first + index + 2}
              topic={topic}
              now={now}
              selected={first + index === selectedRow}
              onSelect={() => select(first + index)}
            />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function TopicGridHead() {
  return (
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
  );
}

function rowId(row: number): string {
  return `topic-${row}`;
}
