import type { Message } from '../wamp/messages.ts';

/**
 * Messages that wait, not yet encoded, for a peer that reads more slowly than others write: in order, each with the
 * bytes it is counted with. Kept as messages, because what may be dropped and what replaces what is decided by their
 * type and topic.
 */
export class Outbox {
  #messages: Message[] = [];
  #sizes: number[] = [];
  #head = 0;
  #bytes = 0;

  get length(): number {
    return this.#messages.length - this.#head;
  }

  /** What waits, in bytes. */
  get bytes(): number {
    return this.#bytes;
  }

  push(message: Message, bytes: number): void {
    this.#messages.push(message);
    this.#sizes.push(bytes);
    this.#bytes += bytes;
  }

  /** The oldest message, taken out; undefined where none waits. */
  shift(): Message | undefined {
    const message = this.#messages[this.#head];
    if (message === undefined) return undefined;
    this.#bytes -= this.#sizes[this.#head] ?? 0;
    this.#head++;
    // Moving the rest only when half is spent keeps the cost per message constant.
    if (this.#head * 2 >= this.#messages.length) {
      this.#messages = this.#messages.slice(this.#head);
      this.#sizes = this.#sizes.slice(this.#head);
      this.#head = 0;
    }
    return message;
  }

  clear(): void {
    this.#messages = [];
    this.#sizes = [];
    this.#head = 0;
    this.#bytes = 0;
  }
}
