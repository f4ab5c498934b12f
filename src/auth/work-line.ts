/** Works that may wait; more are refused, which costs nothing. */
const MAX_WAITING = 256;

/** Does costly work one after the other, so that strangers who cause it cannot take every thread and all memory. */
export class WorkLine {
  #tail: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  /** Rejects where too much waits already. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#waiting >= MAX_WAITING) throw new Error('too many logins are being checked');
    this.#waiting++;
    const result = this.#tail.then(work);
    this.#tail = result.then(
      () => {},
      () => {},
    );
    try {
      return await result;
    } finally {
      this.#waiting--;
    }
  }
}
