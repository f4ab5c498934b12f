/** An element that is found by its topic. */
export interface Sorted {
  /** From `topicKey`. */
  readonly key: string;
}

/** Elements of one block. A full block is split, so that an insertion moves no more elements than this. */
const BLOCK = 512;

/** A topic as a sort key. The level separator becomes the lowest character, so that each subtree is one range. */
export function topicKey(topic: string): string {
  return topic.replaceAll('/', '\u0000');
}

/**
 * Elements sorted by their keys, in blocks. The memory follows the number of elements, however many levels the topics
 * have.
 */
export class SortedTopics<T extends Sorted> {
  readonly #blocks: T[][] = [];

  /** The first element whose key is `key` or higher. If `after` is set, only a higher one. */
  seek(key: string, after = false): T | undefined {
    const block = this.#blockOf(key);
    const elements = this.#blocks[block];
    if (elements === undefined) return undefined;
    let index = lowerBound(elements, key);
    if (after && elements[index]?.key === key) index += 1;
    return elements[index] ?? this.#blocks[block + 1]?.[0];
  }

  /** Adds an element whose key is not in the table yet. */
  add(element: T): void {
    const block = this.#blockOf(element.key);
    const elements = this.#blocks[block];
    if (elements === undefined) {
      this.#blocks.push([element]);
      return;
    }
    elements.splice(lowerBound(elements, element.key), 0, element);
    if (elements.length > BLOCK) this.#blocks.splice(block + 1, 0, elements.splice(BLOCK / 2));
  }

  delete(key: string): void {
    const block = this.#blockOf(key);
    const elements = this.#blocks[block];
    if (elements === undefined) return;
    const index = lowerBound(elements, key);
    if (elements[index]?.key !== key) return;
    elements.splice(index, 1);
    this.#join(block > 0 ? block - 1 : block);
  }

  /** The index of the last block that begins at or before `key`. 0 if no block does. */
  #blockOf(key: string): number {
    let [low, high] = [0, this.#blocks.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      const first = this.#blocks[middle]?.[0];
      if (first !== undefined && first.key <= key) low = middle + 1;
      else high = middle;
    }
    return Math.max(low - 1, 0);
  }

  /** Joins two blocks that are mostly empty. */
  #join(block: number): void {
    const [one, other] = [this.#blocks[block], this.#blocks[block + 1]];
    if (one === undefined) return;
    if (other === undefined) {
      if (one.length === 0) this.#blocks.splice(block, 1);
    } else if (one.length + other.length <= BLOCK / 2 || one.length === 0 || other.length === 0) {
      this.#blocks.splice(block, 2, [...one, ...other]);
    }
  }
}

function lowerBound(elements: readonly Sorted[], key: string): number {
  let [low, high] = [0, elements.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const element = elements[middle];
    if (element !== undefined && element.key < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
