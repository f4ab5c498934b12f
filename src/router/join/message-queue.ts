import type { Message } from '../../wamp/messages/messages.ts';

/** Messages of one session that may wait: what was read before reading stopped, and what a link without a stop brings. */
const MAX_WAITING = 5_000;

export interface MessageQueueOptions {
  /** Resolves when it is known what a message may do; undefined where it is known already. */
  readonly prepare: (message: Message) => Promise<void> | undefined;
  readonly handle: (message: Message) => void;
  /** Messages wait (true), or none does any more. */
  readonly waiting: (waits: boolean) => void;
  /** What `handle` threw when its turn had come; or too many wait. */
  readonly failed: (error: unknown) => void;
  /** There is no more room. */
  readonly overflown: () => void;
}

/**
 * Keeps the messages of one session in order where one of them has to wait until it is known whether it is allowed. The
 * others wait behind it, and nobody else does.
 */
export class MessageQueue {
  readonly #options: MessageQueueOptions;
  #waiting: Message[] | undefined;

  constructor(options: MessageQueueOptions) {
    this.#options = options;
  }

  /** Whether something waits. */
  get busy(): boolean {
    return this.#waiting !== undefined;
  }

  /** Handles a message: now, or in its turn. Throws what `handle` throws now. */
  submit(message: Message): void {
    if (this.#waiting !== undefined) {
      if (this.#waiting.length < MAX_WAITING) this.#waiting.push(message);
      else this.#options.overflown();
      return;
    }
    const wait = this.#options.prepare(message);
    if (wait === undefined) {
      this.#options.handle(message);
      return;
    }
    const waiting = [message];
    this.#waiting = waiting;
    this.#options.waiting(true);
    this.#await(wait, waiting);
  }

  /** Nothing that waits is handled any more. */
  stop(): void {
    this.#waiting = undefined;
  }

  #await(wait: Promise<void>, waiting: Message[]): void {
    const goOn = (): void => this.#goOn(waiting);
    // What goes wrong is known by the decision that follows.
    wait.then(goOn, goOn);
  }

  #goOn(waiting: Message[]): void {
    let prepared = true;
    let done = 0;
    try {
      for (const message of waiting) {
        // Stopped, by what a message before has done.
        if (this.#waiting !== waiting) return;
        const wait = prepared ? undefined : this.#options.prepare(message);
        if (wait !== undefined) {
          waiting.splice(0, done);
          this.#await(wait, waiting);
          return;
        }
        prepared = false;
        done++;
        this.#options.handle(message);
      }
      if (this.#waiting !== waiting) return;
      this.#waiting = undefined;
      this.#options.waiting(false);
    } catch (error) {
      this.#waiting = undefined;
      this.#options.failed(error);
    }
  }
}
