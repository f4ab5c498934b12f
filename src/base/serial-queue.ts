/** Runs asynchronous tasks one after the other, in the order in which they were added. */
export class SerialQueue {
  readonly #limit: number;
  #tail: Promise<unknown> = Promise.resolve();
  #length = 0;

  /** `limit`: tasks that may run and wait together. */
  constructor(limit = Number.POSITIVE_INFINITY) {
    this.#limit = limit;
  }

  /** Whether the limit is reached. The caller then rejects its task: `run` accepts any number. */
  get isFull(): boolean {
    return this.#length >= this.#limit;
  }

  /** Resolves or rejects with the result of `task`. */
  async run<T>(task: () => Promise<T>): Promise<T> {
    this.#length++;
    const result = this.#tail.then(task);
    this.#tail = result.then(nextTurn, nextTurn);
    try {
      return await result;
    } finally {
      this.#length--;
    }
  }
}

/** The callers of a task handle its result before the next task begins: they may count a wrong answer, for example. */
function nextTurn(): Promise<void> {
  return new Promise(resolve => setImmediate(resolve));
}
