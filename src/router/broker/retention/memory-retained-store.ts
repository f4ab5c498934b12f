import { payloadSize, valueSize } from '../../../wamp/payload-size.ts';
import type { MatchPolicy, Uri } from '../../../wamp/uri.ts';
import { isMatch, TopicTree } from '../../matching/topic-tree.ts';
import type { Receiver } from '../events/audience.ts';
import type { RetainedEvent, RetainedStore } from './retained-store.ts';
import { type KeptEvent, RetainedTopic } from './retained-topic.ts';

/** Limits of the retained events of a realm. */
export interface RetentionLimits {
  readonly topics: number;
  readonly bytes: number;
  /** Events with an audience for each topic, in addition to the one for all receivers. */
  readonly restrictedPerTopic: number;
  /** When the store is full: delete the topics with the oldest events, or refuse the new event. */
  readonly whenFull: 'drop-oldest' | 'refuse';
}

export const defaultRetention: RetentionLimits = Object.freeze({
  topics: 20_000,
  bytes: 32 * 1024 * 1024,
  restrictedPerTopic: 16,
  whenFull: 'drop-oldest',
});

/** Estimated overhead of one event, and of one topic with its table entries and tree nodes. */
const EVENT_BYTES = 400;
const TOPIC_BYTES = 400;

/**
 * Maximum number of tree nodes to visit for a pattern. If it needs more, all events are examined in order, in steps.
 */
const FEW = 500;

/** Keeps retained events in memory, within limits. */
export class MemoryRetainedStore implements RetainedStore {
  readonly #limits: RetentionLimits;
  /** The topic with the newest event comes last. */
  readonly #topics = new Map<string, RetainedTopic>();
  readonly #tree = new TopicTree();
  /** In order of arrival. */
  readonly #byArrival = new Set<KeptEvent>();
  /** For each owner, the number of topics whose newest event belongs to it. */
  readonly #owned = new Map<string, number>();
  #arrivals = 0;
  #events = 0;
  #bytes = 0;
  #refused = 0;
  #evicted = 0;

  constructor(limits: Partial<RetentionLimits> = {}) {
    this.#limits = { ...defaultRetention, ...limits };
  }

  get topicCount(): number {
    return this.#topics.size;
  }

  get eventCount(): number {
    return this.#events;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get refused(): number {
    return this.#refused;
  }

  get evicted(): number {
    return this.#evicted;
  }

  put(event: RetainedEvent): void {
    const { topic, audience } = event;
    // No session can receive the event.
    if (audience?.isEmpty === true) return;
    const sizes = payloadSize(event.payload.detach()) + valueSize(event.attributes) + (audience?.bytes ?? 0);
    const bytes = EVENT_BYTES + sizes;
    const retained = this.#detach(topic) ?? new RetainedTopic(TOPIC_BYTES + topic.length * 3);
    const isNew = retained.size === 0;
    const before = retained.events;
    this.#evicted += retained.add({ event, arrival: this.#arrivals++, bytes }, this.#limits.restrictedPerTopic);
    this.#forgetEvents(before, retained);
    if (!this.#makeRoom(retained.bytes)) {
      this.#forgetEvents(retained.events);
      // The whole topic is deleted: an older event must not appear as its newest one.
      this.#refused++;
      this.#tree.delete(topic);
      return;
    }
    if (isNew) this.#tree.add(topic);
    if (retained.newest !== undefined) this.#byArrival.add(retained.newest);
    this.#keep(topic, retained, event.owner);
  }

  newest(topic: string): RetainedEvent | undefined {
    return this.#topics.get(topic)?.newest?.event;
  }

  ownedBy(owner: string): number {
    return this.#owned.get(owner) ?? 0;
  }

  forgetOwner(owner: string): readonly Uri[] {
    const touched: Uri[] = [];
    for (const [topic, retained] of [...this.#topics]) {
      const uri = retained.newest?.event.topic;
      if (!retained.has(owner) || uri === undefined) continue;
      touched.push(uri);
      this.#detach(topic);
      const before = retained.events;
      retained.drop(owner);
      this.#forgetEvents(before, retained);
      if (retained.newest === undefined) this.#tree.delete(uri);
      else this.#keep(topic, retained, retained.newest.event.owner);
    }
    return touched;
  }

  delete(topic: Uri): boolean {
    const known = this.#detach(topic);
    if (known === undefined) return false;
    this.#forgetEvents(known.events);
    this.#tree.delete(topic);
    return true;
  }

  walk(pattern: Uri, match: MatchPolicy, receiver: Receiver): Iterator<RetainedEvent | undefined> {
    return this.#walk(pattern, match, receiver, this.#arrivals);
  }

  *#walk(pattern: Uri, match: MatchPolicy, receiver: Receiver, end: number): Generator<RetainedEvent | undefined> {
    const few = match === 'exact' ? [pattern] : this.#tree.matching(pattern, match, FEW);
    for (const kept of few === undefined ? this.#byArrival : this.#newestOf(few, receiver)) {
      if (kept.arrival >= end) return;
      const { topic } = kept.event;
      const isDue = isMatch(topic, pattern, match) && this.#topics.get(topic)?.newestFor(receiver) === kept;
      yield isDue ? kept.event : undefined;
    }
  }

  #newestOf(topics: readonly string[], receiver: Receiver): readonly KeptEvent[] {
    const found: KeptEvent[] = [];
    for (const topic of topics) {
      const newest = this.#topics.get(topic)?.newestFor(receiver);
      if (newest !== undefined) found.push(newest);
    }
    return found.sort((a, b) => a.arrival - b.arrival);
  }

  /** Removes events from the order of arrival, except for those that the topic still has. */
  #forgetEvents(events: readonly KeptEvent[], left?: RetainedTopic): void {
    for (const kept of events) if (left?.events.includes(kept) !== true) this.#byArrival.delete(kept);
  }

  /** Removes a topic from the table, not from the tree. */
  #detach(topic: string): RetainedTopic | undefined {
    const known = this.#topics.get(topic);
    if (known === undefined) return undefined;
    this.#topics.delete(topic);
    this.#disown(known.newest?.event.owner ?? '');
    this.#events -= known.size;
    this.#bytes -= known.bytes;
    return known;
  }

  #keep(topic: string, retained: RetainedTopic, owner: string): void {
    this.#topics.set(topic, retained);
    this.#owned.set(owner, this.ownedBy(owner) + 1);
    this.#events += retained.size;
    this.#bytes += retained.bytes;
  }

  #disown(owner: string): void {
    const left = this.ownedBy(owner) - 1;
    if (left > 0) this.#owned.set(owner, left);
    else this.#owned.delete(owner);
  }

  /** Evicts the oldest topics if necessary and allowed. Returns whether one more topic of `needed` bytes fits. */
  #makeRoom(needed: number): boolean {
    const { topics, bytes, whenFull } = this.#limits;
    if (needed > bytes || topics === 0) return false;
    for (const oldest of this.#topics.keys()) {
      if (this.#topics.size < topics && this.#bytes + needed <= bytes) break;
      if (whenFull === 'refuse') return false;
      const known = this.#detach(oldest);
      this.#evicted += known?.size ?? 0;
      this.#forgetEvents(known?.events ?? []);
      this.#tree.delete(oldest);
    }
    return true;
  }
}
