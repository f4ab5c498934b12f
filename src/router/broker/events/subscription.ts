import type { Id } from '../../../wamp/ids.ts';
import type { MatchPolicy, Uri } from '../../../wamp/uri.ts';
import type { RouterSession } from '../../session/session.ts';
import type { EventHistory } from './event-history.ts';

/** A topic or pattern with its subscribers, which all have the same subscription id. [basic/publish_subscribe] */
export class RouterSubscription {
  readonly id: Id<'subscription'>;
  readonly topic: Uri;
  readonly match: MatchPolicy;
  /** Wall-clock milliseconds. */
  readonly created: number;
  /** Defined if the broker records the events. [advanced/pubsub_event_history] */
  readonly history: EventHistory | undefined;
  #sessions: RouterSession[] = [];

  constructor(id: Id<'subscription'>, topic: Uri, match: MatchPolicy, created: number, history?: EventHistory) {
    this.id = id;
    this.topic = topic;
    this.match = match;
    this.created = created;
    this.history = history;
  }

  /** In the order in which they subscribed. Removal creates a new list, so a running iteration is not affected. */
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
