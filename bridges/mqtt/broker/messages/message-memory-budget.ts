import type { BrokerMessage } from './broker-message.ts';

/** Bytes that a place in a queue takes beside its message. */
export const ENTRY_BYTES = 200;

/**
 * Memory of all session queues together. A message counts once however many queues hold it, and each place in a queue
 * counts.
 */
export class MessageMemoryBudget {
  readonly #limit: number;
  #count = 0;
  #bytes = 0;

  /** `limit` in bytes. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** In bytes. */
  get limit(): number {
    return this.#limit;
  }

  get count(): number {
    return this.#count;
  }

  get bytes(): number {
    return this.#bytes;
  }

  accepts(message: BrokerMessage): boolean {
    const bytes = ENTRY_BYTES + (message.queueCount > 0 ? 0 : message.size);
    return this.#bytes + bytes <= this.#limit;
  }

  add(message: BrokerMessage): void {
    message.queueCount += 1;
    this.#bytes += ENTRY_BYTES;
    if (message.queueCount > 1) return;
    message.detachFromChunk();
    this.#count += 1;
    this.#bytes += message.size;
  }

  remove(message: BrokerMessage): void {
    message.queueCount -= 1;
    this.#bytes -= ENTRY_BYTES;
    if (message.queueCount > 0) return;
    this.#count -= 1;
    this.#bytes -= message.size;
  }
}
