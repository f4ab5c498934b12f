import type { Message } from '../../wamp/messages/messages.ts';

/**
 * Maximum number of waiting messages of one session. A link delivers some after a pause, and some links cannot pause.
 */
const MAX_WAITING = 5_000;

export interface MessageQueueOptions {
  /** Resolves when the permissions of a message are known. Undefined if they are known already. */
  readonly prepare: (message: Message) => Promise<void> | undefined;
  readonly handle: (message: Message) => void;
  /** Called with true when a message begins to wait, with false when the queue is empty again. */
  readonly waiting: (waits: boolean) => void;
  /** Receives the exception of `handle` for a message that has waited. */
  readonly failed: (error: unknown) => void;
  /** The queue is full. */
  readonly overflowed: () => void;
}

/**
 * Keeps the messages of one session in order while one of them waits for its permission. Messages of other sessions do
 * not wait.
 */
export class MessageQueue {
  readonly #options: MessageQueueOptions;
  #waiting: Message[] | undefined;

  constructor(options: MessageQueueOptions) {
    this.#options = options;
  }

  /** Whether a message waits. */
  get busy(): boolean {
    return this.#waiting !== undefined;
  }

  /** Handles a message now, or after the waiting messages. Passes on an exception of `handle` in the first case. */
  submit(message: Message): void {
    if (this.#waiting !== undefined) {
      if (this.#waiting.length < MAX_WAITING) this.#waiting.push(message);
      else this.#options.overflowed();
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

  /** Discards all waiting messages. */
  stop(): void {
    this.#waiting = undefined;
  }

  #await(wait: Promise<void>, waiting: Message[]): void {
    const resume = (): void => this.#resume(waiting);
    // A rejection needs no handling here: the decision that follows fails in the same way.
    wait.then(resume, resume);
  }

  #resume(waiting: Message[]): void {
    let prepared = true;
    let done = 0;
    try {
      for (const message of waiting) {
        // An earlier message has stopped the queue.
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
