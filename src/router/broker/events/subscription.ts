import type { Id } from '../../../wamp/ids.ts';
import type { MatchPolicy, Uri } from '../../../wamp/uri.ts';
import type { RouterSession } from '../../session/session.ts';
import type { EventHistory } from './event-history.ts';

/** A topic or pattern and the sessions subscribed to it; all of them know it by the same id. [basic/publish_subscribe] */
export class RouterSubscription {
  readonly id: Id<'subscription'>;
  readonly topic: Uri;
  readonly match: MatchPolicy;
  /** Wall-clock milliseconds. */
  readonly created: number;
  /** Where events are recorded, subscribers or not. [advanced/pubsub_event_history] */
  readonly history: EventHistory | undefined;
  #sessions: RouterSession[] = [];

  constructor(id: Id<'subscription'>, topic: Uri, match: MatchPolicy, created: number, history?: EventHistory) {
    this.id = id;
    this.topic = topic;
    this.match = match;
    this.created = created;
    this.history = history;
  }

  /** In the order in which they subscribed. Removal makes a new list, so one that is being gone through stays whole. */
  get sessions(): readonly RouterSession[] {
    return this.#sessions;
  }

  add(session: RouterSession): void {
    this.#sessions.push(session);
  }

  remove(session: RouterSession): void {
    this.#sessions = this.#sessions.filter(other => other !== session);
  }
}
