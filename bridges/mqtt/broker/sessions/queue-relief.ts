import { isAddressKey } from '../../source/quota-key.ts';
import type { BrokerMessage } from '../messages/broker-message.ts';
import type { MessageMemoryBudget } from '../messages/message-memory-budget.ts';
import type { MqttSession } from './mqtt-session.ts';

/** Messages that are dropped at a time: looking for whose they are costs a step for each session. */
const BATCH = 256;

/** Makes room in the queues of all: the address whose sessions hold most gives up its oldest messages for others. */
export class QueueRelief {
  readonly #held: MessageMemoryBudget;
  readonly #sessions: ReadonlyMap<string, MqttSession>;
  /**
   * By receiver's holder: messages for which nothing is looked for again, as nothing was found. So a full table costs little,
   * and a client whose own messages find no room holds up no other.
   */
  readonly #pauses = new Map<string, number>();

  constructor(held: MessageMemoryBudget, sessions: ReadonlyMap<string, MqttSession>) {
    this.#held = held;
    this.#sessions = sessions;
  }

  /** Whether there is room now for a message to a session. */
  relieve(receiver: MqttSession, message: BrokerMessage): boolean {
    const { quotaKey: holder } = receiver;
    const pause = this.#pauses.get(holder) ?? 0;
    if (pause > 0) {
      this.#pauses.set(holder, pause - 1);
      return false;
    }
    this.#pauses.delete(holder);
    let dropped = 0;
    for (const session of this.#victims(holder, message.size)) {
      for (let entry = session.queue.oldestWaiting(); entry !== undefined; entry = session.queue.oldestWaiting()) {
        session.evict(entry);
        dropped += 1;
        if (dropped >= BATCH) break;
      }
      if (dropped >= BATCH) break;
    }
    const found = dropped > 0 && this.#held.accepts(message);
    if (found) return true;
    // Holders come and go: what is remembered of them is bounded by the sessions that there are.
    if (this.#pauses.size > this.#sessions.size) this.#pauses.clear();
    this.#pauses.set(holder, this.#sessions.size);
    return false;
  }

  /** Sessions of the address that has most, if that is more than `holder` would have. */
  #victims(holder: string, needed: number): readonly MqttSession[] {
    const bytes = new Map<string, number>();
    for (const session of this.#sessions.values()) {
      bytes.set(session.quotaKey, (bytes.get(session.quotaKey) ?? 0) + session.queue.bytes);
    }
    let largest: string | undefined;
    let most = (bytes.get(holder) ?? 0) + needed;
    for (const [other, size] of bytes) {
      if (other === holder || !isAddressKey(other) || size <= most) continue;
      largest = other;
      most = size;
    }
    return largest === undefined ? [] : [...this.#sessions.values()].filter(session => session.quotaKey === largest);
  }
}
