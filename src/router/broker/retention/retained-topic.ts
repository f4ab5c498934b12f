import type { Receiver } from '../events/audience.ts';
import { isMeantFor, type RetainedEvent } from './retained-store.ts';

/** A retained event as a store keeps it. */
export interface KeptEvent {
  readonly event: RetainedEvent;
  /** Counts up in order of arrival over all topics. */
  readonly arrival: number;
  readonly bytes: number;
}

/**
 * The retained events of one topic, the newest first: those that some receiver would get, and no others. A newer event
 * for a part of the receivers must not hide an older one from the rest. [advanced/pubsub_event_retention]
 */
export class RetainedTopic {
  readonly #ownBytes: number;
  #events: KeptEvent[] = [];
  #bytes = 0;

  /** `ownBytes`: what the topic itself takes. */
  constructor(ownBytes = 0) {
    this.#ownBytes = ownBytes;
  }

  /** The newest first. A list that is changed is another one. */
  get events(): readonly KeptEvent[] {
    return this.#events;
  }

  get size(): number {
    return this.#events.length;
  }

  get bytes(): number {
    return this.#ownBytes + this.#bytes;
  }

  get newest(): KeptEvent | undefined {
    return this.#events[0];
  }

  /** The newest event that `receiver` would have received. */
  newestFor(receiver: Receiver): KeptEvent | undefined {
    return this.#events.find(({ event }) => isMeantFor(event, receiver));
  }

  /** Whether any of them is this owner's. */
  has(owner: string): boolean {
    return this.#events.some(({ event }) => event.owner === owner);
  }

  /** Drops those of an owner. */
  drop(owner: string): void {
    this.#events = this.#events.filter(({ event }) => event.owner !== owner);
    this.#bytes = this.#events.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /**
   * Adds the newest event and drops those that nobody would get any more. Where more than `limit` events for a part of
   * the receivers are left, the oldest of these go too; returns how many did.
   */
  add(kept: KeptEvent, limit: number): number {
    const { event } = kept;
    let events: KeptEvent[];
    if (event.audience === undefined) {
      // It is for all, or for all but its publisher: only the publisher can ever get an older one.
      const older = event.excluded === undefined ? undefined : this.newestFor(event.excluded);
      events = older === undefined ? [kept] : [kept, older];
    } else {
      events = [kept, ...this.#events.filter(older => !covers(event, older.event))];
    }
    const dropped = trim(events, limit);
    this.#events = events;
    this.#bytes = events.reduce((sum, { bytes }) => sum + bytes, 0);
    return dropped;
  }
}

/** Whether all who would get `older` get `newer` instead; false also where that cannot be seen. */
function covers(newer: RetainedEvent, older: RetainedEvent): boolean {
  if (newer.excluded !== undefined && isMeantFor(older, newer.excluded)) return false;
  if (newer.audience === undefined) return true;
  return older.audience !== undefined && newer.audience.covers(older.audience);
}

/** Drops the oldest events that are for a part of the receivers, until at most `limit` are left. */
function trim(events: KeptEvent[], limit: number): number {
  let excess = events.reduce((count, { event }) => count + (event.audience === undefined ? 0 : 1), -limit);
  if (excess <= 0) return 0;
  const dropped = excess;
  for (let i = events.length - 1; i >= 0 && excess > 0; i--) {
    if (events[i]?.event.audience === undefined) continue;
    events.splice(i, 1);
    excess--;
  }
  return dropped;
}
