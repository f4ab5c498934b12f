/** What an element of a chain has: its neighbours, and the chain that it is in. */
export interface ChainLinks<T> {
  previous: T | undefined;
  following: T | undefined;
  chain: object | undefined;
}

/**
 * A list whose elements carry their own links: adding, taking the first and removing from the middle are a constant
 * number of steps, and a removed element leaves nothing behind. An element is in one chain at a time.
 */
export class Chain<T extends ChainLinks<T>> {
  #first: T | undefined;
  #last: T | undefined;

  get first(): T | undefined {
    return this.#first;
  }

  /** Adds an element at the end, after removing it from this chain if it is here. */
  push(element: T): void {
    this.remove(element);
    element.chain = this;
    element.previous = this.#last;
    if (this.#last === undefined) this.#first = element;
    else this.#last.following = element;
    this.#last = element;
  }

  /** Removes an element; one that is not in this chain stays where it is. */
  remove(element: T): void {
    if (element.chain !== this) return;
    const { previous, following } = element;
    if (previous === undefined) this.#first = following;
    else previous.following = following;
    if (following === undefined) this.#last = previous;
    else following.previous = previous;
    element.previous = undefined;
    element.following = undefined;
    element.chain = undefined;
  }

  *[Symbol.iterator](): IterableIterator<T> {
    for (let element = this.#first; element !== undefined; element = element.following) yield element;
  }
}
