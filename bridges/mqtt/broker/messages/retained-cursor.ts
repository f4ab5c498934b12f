import type { BrokerMessage } from './broker-message.ts';
import { type Sorted, type SortedTopics, topicKey } from './sorted-topics.ts';

export interface RetainedEntry extends Sorted {
  message: BrokerMessage;
  /** Counts what was retained, ever. */
  number: number;
}

/** Work that may still be done in this turn, in steps. */
export interface Budget {
  steps: number;
}

/** Sorts behind the separator of levels and before every character that a topic may have. */
const BEHIND = '\u0001';
/** Wildcards at the beginning of a filter leave out topics that begin with `$`: these sort before what follows. */
const BEHIND_DOLLAR = '%';

/**
 * A position among the retained messages that a filter matches. It costs the same wherever it stands, survives every
 * change of what is retained, and leaves out what was retained after it began: that was delivered as it came.
 */
export class RetainedCursor {
  readonly #topics: SortedTopics<RetainedEntry>;
  readonly #levels: readonly string[];
  readonly #newest: number;
  /** Where the search goes on: from this key on, or behind it. */
  #from = '';
  #after = false;
  #done = false;
  readonly #exact: boolean;

  /** `newest`: the number of the newest message that counts. */
  constructor(topics: SortedTopics<RetainedEntry>, filter: string, newest: number) {
    this.#topics = topics;
    this.#levels = filter.split('/');
    this.#newest = newest;
    this.#exact = !this.#levels.some(level => level === '+' || level === '#');
    if (this.#exact) this.#from = topicKey(filter);
  }

  /** Whether anything may come: a filter without wildcards is looked up at once. */
  get promising(): boolean {
    return !this.#exact || this.#topics.seek(this.#from)?.key === this.#from;
  }

  /** Whether what was retained as the message of this number counts. */
  covers(number: number): boolean {
    return number <= this.#newest;
  }

  /** Nothing comes any more. */
  get done(): boolean {
    return this.#done;
  }

  /** Whether the message of a topic that the filter matches has still to come. */
  isAhead(topic: string): boolean {
    if (this.#done) return false;
    const key = topicKey(topic);
    return this.#after ? key > this.#from : key >= this.#from;
  }

  /** The next message; undefined where there is none any more, or where the budget is used up. */
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

  /** Whether the filter matches a key; the search goes on at the next key that it may match. */
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
