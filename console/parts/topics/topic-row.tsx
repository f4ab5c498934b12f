import { clean, summary } from '../../model/payload/value-text.ts';
import { ageText, rateText } from '../../model/text/time-text.ts';
import type { Topic } from '../../model/topics/topic.ts';

interface TopicRowProps {
  readonly id: string;
  /** Row number in the grid. The head is row 1. */
  readonly position: number;
  readonly topic: Topic;
  readonly now: number;
  readonly selected: boolean;
  readonly onSelect: () => void;
}

/** Milliseconds for which a new value is highlighted. */
const FRESH_FOR = 1500;

export function TopicRow({ id, position, topic, now, selected, onSelect }: TopicRowProps) {
  const age = now - topic.lastAt;
  return (
    <tr
      id={id}
      class={topic.stale ? 'row row-old' : age < FRESH_FOR ? 'row row-fresh' : 'row'}
      title={topic.stale ? 'Received before the connection was lost: the value may have changed since' : undefined}
      aria-rowindex={position}
      aria-selected={selected}
      onClick={onSelect}
    >
      <TopicName uri={topic.uri} />
      <td class="cell-value">{summary(topic.values)}</td>
      <td class="cell-age">{ageText(age)}</td>
      <td class="cell-rate">{rateText(topic.rate.perSecond(now))}</td>
    </tr>
  );
}

/** If the cell is too narrow, the path is shortened, because the last part distinguishes the topics. */
function TopicName({ uri }: { readonly uri: string }) {
  const text = clean(uri);
  const cut = text.lastIndexOf('.') + 1;
  return (
    <td class="cell-topic">
      <span class="cell-topic-path">{text.slice(0, cut)}</span>
      <span class="cell-topic-name">{text.slice(cut)}</span>
    </td>
  );
}
