import { ErrorUri, WampError } from '../../wamp/errors.ts';

/** Works that may wait; more are refused, which costs nothing. */
const MAX_WAITING = 256;

/** Does costly work one after the other, so that strangers who cause it cannot take every thread and all memory. */
export class WorkLine {
  #tail: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  /** Rejects with a `WampError` where too much waits already. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#waiting >= MAX_WAITING) {
      throw new WampError(ErrorUri.AuthenticationFailed, ['too many logins are being checked; try again']);
    }
    this.#waiting++;
    const result = this.#tail.then(work);
    this.#tail = result.then(settled, settled);
    try {
      return await result;
    } finally {
      this.#waiting--;
    }
  }
}

/** What follows from a work, such as that it counts as a wrong answer, comes before the next begins. */
function settled(): Promise<void> {
  return new Promise(resolve => setImmediate(resolve));
}
