/** The links of an element: its neighbours, and the chain that contains it. */
export interface ChainLinks<T> {
  previous: T | undefined;
  following: T | undefined;
  chain: object | undefined;
}

/**
 * An intrusive doubly linked list. Adding an element and removing any element take constant time. A removed element is
 * not referenced any more. An element is in one chain at a time.
 */
export class Chain<T extends ChainLinks<T>> {
  #first: T | undefined;
  #last: T | undefined;

  get first(): T | undefined {
    return this.#first;
  }

  /** Adds an element at the end. An element that is already in this chain moves to the end. */
  push(element: T): void {
    this.remove(element);
    element.chain = this;
    element.previous = this.#last;
    if (this.#last === undefined) this.#first = element;
    else this.#last.following = element;
    this.#last = element;
  }

  /** Removes an element. Does nothing if the element is not in this chain. */
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
