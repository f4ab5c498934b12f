import type { Receiver } from '../events/audience.ts';
import { isMeantFor, type RetainedEvent } from './retained-store.ts';

/** A retained event in a store. */
export interface KeptEvent {
  readonly event: RetainedEvent;
  /** Sequence number over all topics. */
  readonly arrival: number;
  readonly bytes: number;
}

/**
 * The retained events of one topic that at least one receiver would receive, the newest first. A newer event for some
 * receivers must not hide an older one from the others. [advanced/pubsub_event_retention]
 */
export class RetainedTopic {
  readonly #ownBytes: number;
  #events: KeptEvent[] = [];
  #bytes = 0;

  /** `ownBytes`: memory of the topic itself. */
  constructor(ownBytes = 0) {
    this.#ownBytes = ownBytes;
  }

  /** The newest first. A change creates a new list. */
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

  /** Whether at least one event belongs to the owner. */
  has(owner: string): boolean {
    return this.#events.some(({ event }) => event.owner === owner);
  }

  /** Deletes the events of an owner. */
  drop(owner: string): void {
    this.#events = this.#events.filter(({ event }) => event.owner !== owner);
    this.#bytes = this.#events.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /**
   * Adds the newest event and deletes the events that no receiver would receive any more. If more than `limit` events
   * with an audience remain, the oldest of them are deleted too; returns the number of these.
   */
  add(kept: KeptEvent, limit: number): number {
    const { event } = kept;
    let events: KeptEvent[];
    if (event.audience === undefined) {
      // The event is for all except perhaps its publisher, so only the publisher can receive an older one.
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

/** Whether each receiver of `older` receives `newer` instead. False if the audiences do not show it. */
function covers(newer: RetainedEvent, older: RetainedEvent): boolean {
  if (newer.excluded !== undefined && isMeantFor(older, newer.excluded)) return false;
  if (newer.audience === undefined) return true;
  return older.audience !== undefined && newer.audience.covers(older.audience);
}

/** Deletes the oldest events with an audience until at most `limit` remain. Returns the number of deleted events. */
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
