import type { BrokerMessage } from './broker-message.ts';
import { type Sorted, type SortedTopics, topicKey } from './sorted-topics.ts';

export interface RetainedEntry extends Sorted {
  message: BrokerMessage;
  /** Sequence number, counted over all messages that were ever retained. */
  number: number;
}

/** Steps of work that may still be done in this turn. */
export interface Budget {
  steps: number;
}

/** Sorts behind the separator of levels and before every character that a topic may contain. */
const BEHIND = '\u0001';
/**
 * A wildcard at the beginning of a filter does not match topics that begin with `$`. This sorts behind those topics.
 */
const BEHIND_DOLLAR = '%';

/**
 * A position among the retained messages that a filter matches. It has a constant size and survives every change of the
 * retained messages. Messages retained after it began are left out, because they were delivered when they were
 * published.
 */
export class RetainedCursor {
  readonly #topics: SortedTopics<RetainedEntry>;
  readonly #levels: readonly string[];
  readonly #newest: number;
  /** Where the search continues: from this key on, or behind it. */
  #from = '';
  #after = false;
  #done = false;
  readonly #exact: boolean;

  /** `newest`: the sequence number of the newest message that counts. */
  constructor(topics: SortedTopics<RetainedEntry>, filter: string, newest: number) {
    this.#topics = topics;
    this.#levels = filter.split('/');
    this.#newest = newest;
    this.#exact = !this.#levels.some(level => level === '+' || level === '#');
    if (this.#exact) this.#from = topicKey(filter);
  }

  /** Whether any message may match. A filter without wildcards is looked up at once. */
  get promising(): boolean {
    return !this.#exact || this.#topics.seek(this.#from)?.key === this.#from;
  }

  /** Whether a message with this sequence number counts. */
  covers(number: number): boolean {
    return number <= this.#newest;
  }

  /** Whether no message is left. */
  get done(): boolean {
    return this.#done;
  }

  /** Whether the message of a matching topic is still to be returned. */
  isAhead(topic: string): boolean {
    if (this.#done) return false;
    const key = topicKey(topic);
    return this.#after ? key > this.#from : key >= this.#from;
  }

  /** The next message. Undefined if none is left, or if the budget is used up. */
  next(budget: Budget): BrokerMessage | undefined {
    while (!this.#done && budget.steps > 0) {
      budget.steps -= 1;
      const entry = this.#topics.seek(this.#from, this.#after);
      if (entry === undefined) {
        this.#done = true;
        return undefined;
      }
      if (this.#exact) {
        this.#done = true;
        return entry.key === this.#from && entry.number <= this.#newest ? entry.message : undefined;
      }
      if (this.#matches(entry.key) && entry.number <= this.#newest) return entry.message;
    }
    return undefined;
  }

  /** Whether the filter matches a key. The search continues at the next key that may match. */
  #matches(key: string): boolean {
    let start = 0;
    for (const [depth, level] of this.#levels.entries()) {
      const isWild = level === '#' || level === '+';
      // [MQTT-4.7.2-1]
      if (isWild && depth === 0 && key.startsWith('$')) return this.#jump(BEHIND_DOLLAR);
      if (level === '#') return this.#pass(key);
      if (start > key.length) return this.#pass(key, false);
      const end = endOfLevel(key, start);
      if (!isWild) {
        const found = key.slice(start, end);
        if (found < level) return this.#jump(key.slice(0, start) + level);
        if (found > level) return depth === 0 ? this.#end() : this.#jump(key.slice(0, start - 1) + BEHIND);
      }
      start = end + 1;
    }
    // The topic may have more levels than the filter.
    return start > key.length ? this.#pass(key) : this.#jump(key.slice(0, start - 1) + BEHIND);
  }

  #pass(key: string, matches = true): boolean {
    this.#from = key;
    this.#after = true;
    return matches;
  }

  #jump(key: string): false {
    this.#from = key;
    this.#after = false;
    return false;
  }

  #end(): false {
    this.#done = true;
    return false;
  }
}

function endOfLevel(key: string, start: number): number {
  const end = key.indexOf('\u0000', start);
  return end < 0 ? key.length : end;
}
