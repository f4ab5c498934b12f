import { payloadSize, valueSize } from '../../../wamp/payload-size.ts';
import type { MatchPolicy, Uri } from '../../../wamp/uri.ts';
import { isMatch, TopicTree } from '../../matching/topic-tree.ts';
import type { Receiver } from '../events/audience.ts';
import type { RetainedEvent, RetainedStore } from './retained-store.ts';
import { type KeptEvent, RetainedTopic } from './retained-topic.ts';

/** How much a realm retains. */
export interface RetentionLimits {
  readonly topics: number;
  readonly bytes: number;
  /** Events of one topic that are for a part of the receivers, beside the one for all. */
  readonly restrictedPerTopic: number;
  /** What gives way when the store is full: the topics not published to for longest, or the new event. */
  readonly whenFull: 'drop-oldest' | 'refuse';
}

export const defaultRetention: RetentionLimits = Object.freeze({
  topics: 20_000,
  bytes: 32 * 1024 * 1024,
  restrictedPerTopic: 16,
  whenFull: 'drop-oldest',
});

/** What an event counts beside its parts, and a topic beside its events: its entries in the tables and its nodes. */
const EVENT_BYTES = 400;
const TOPIC_BYTES = 400;

/** Nodes of the tree that are looked at for a pattern; beyond, all events are gone through, in order, by and by. */
const FEW = 500;

/** Retained events in memory, within limits. */
export class MemoryRetainedStore implements RetainedStore {
  readonly #limits: RetentionLimits;
  /** The topic published to most recently comes last. */
  readonly #topics = new Map<string, RetainedTopic>();
  readonly #tree = new TopicTree();
  /** In order of arrival. */
  readonly #byArrival = new Set<KeptEvent>();
  /** Topics by whose newest event it is. */
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
    // Nobody can ever ask for it.
    if (audience?.isNobody === true) return;
    const sizes = payloadSize(event.payload.detach()) + valueSize(event.attributes) + (audience?.bytes ?? 0);
    const bytes = EVENT_BYTES + sizes;
    const retained = this.#detach(topic) ?? new RetainedTopic(TOPIC_BYTES + topic.length * 3);
    const isNew = retained.size === 0;
    const before = retained.events;
    this.#evicted += retained.add({ event, arrival: this.#arrivals++, bytes }, this.#limits.restrictedPerTopic);
    this.#forgetEvents(before, retained);
    if (!this.#makeRoom(retained.bytes)) {
      this.#forgetEvents(retained.events);
      // It goes as a whole: what the topic held before must not pass for its newest event.
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

  /** Whether one more topic of so many bytes fits; what is in the way goes if it may. */
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
