import { isAddressKey } from '../../source/quota-key.ts';
import type { BrokerMessage } from '../messages/broker-message.ts';
import type { MessageMemoryBudget } from '../messages/message-memory-budget.ts';
import type { MqttSession } from './mqtt-session.ts';

/** Messages that are dropped at a time, because the search for an address visits every session. */
const BATCH = 256;

/** Frees memory of the queues: the address whose sessions hold most drops its oldest messages for others. */
export class QueueRelief {
  readonly #held: MessageMemoryBudget;
  readonly #sessions: ReadonlyMap<string, MqttSession>;
  /**
   * By quota key of the receiver: number of messages for which the search is skipped after it found nothing. So a full
   * table costs little, and a client whose messages do not fit does not slow down others.
   */
  readonly #pauses = new Map<string, number>();

  constructor(held: MessageMemoryBudget, sessions: ReadonlyMap<string, MqttSession>) {
    this.#held = held;
    this.#sessions = sessions;
  }

  /** Drops messages of the largest address until a message to a session fits. Returns whether it fits. */
  relieve(receiver: MqttSession, message: BrokerMessage): boolean {
    const { quotaKey } = receiver;
    const pause = this.#pauses.get(quotaKey) ?? 0;
    if (pause > 0) {
      this.#pauses.set(quotaKey, pause - 1);
      return false;
    }
    this.#pauses.delete(quotaKey);
    let dropped = 0;
    for (const session of this.#victims(quotaKey, message.size)) {
      for (let entry = session.queue.oldestWaiting(); entry !== undefined; entry = session.queue.oldestWaiting()) {
        session.evict(entry);
        dropped += 1;
        if (dropped >= BATCH) break;
      }
      if (dropped >= BATCH) break;
    }
    const found = dropped > 0 && this.#held.accepts(message);
    if (found) return true;
    // The number of entries is bounded by the number of sessions.
    if (this.#pauses.size > this.#sessions.size) this.#pauses.clear();
    this.#pauses.set(quotaKey, this.#sessions.size);
    return false;
  }

  /** The sessions of the address that holds most, if that is more than `quotaKey` would hold. */
  #victims(quotaKey: string, needed: number): readonly MqttSession[] {
    const bytes = new Map<string, number>();
    for (const session of this.#sessions.values()) {
      bytes.set(session.quotaKey, (bytes.get(session.quotaKey) ?? 0) + session.queue.bytes);
    }
    let largest: string | undefined;
    let most = (bytes.get(quotaKey) ?? 0) + needed;
    for (const [other, size] of bytes) {
      if (other === quotaKey || !isAddressKey(other) || size <= most) continue;
      largest = other;
      most = size;
    }
    return largest === undefined ? [] : [...this.#sessions.values()].filter(session => session.quotaKey === largest);
  }
}
