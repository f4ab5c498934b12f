import type { Message } from './message.ts';

/** What all queues together hold: a message counts once, whoever waits for it. */
export class HeldMessages {
  readonly #limit: number;
  #count = 0;
  #bytes = 0;

  /** `limit` in bytes. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  get count(): number {
    return this.#count;
  }

  get bytes(): number {
    return this.#bytes;
  }

  accepts(message: Message): boolean {
    return message.holders > 0 || this.#bytes + message.size <= this.#limit;
  }

  add(message: Message): void {
    message.holders += 1;
    if (message.holders > 1) return;
    message.keep();
    this.#count += 1;
    this.#bytes += message.size;
  }

  remove(message: Message): void {
    message.holders -= 1;
    if (message.holders > 0) return;
    this.#count -= 1;
    this.#bytes -= message.size;
  }
}
