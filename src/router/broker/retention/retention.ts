import type { Clock } from '../../../base/clock.ts';
import type { Dict } from '../../../wamp/dict.ts';
import { ErrorUri, WampError } from '../../../wamp/errors.ts';
import type { Id } from '../../../wamp/ids.ts';
import type { PublishMessage } from '../../../wamp/messages/messages.ts';
import type { Uri } from '../../../wamp/uri.ts';
import { principalQuotaKey, quotaKeyOf } from '../../quota/quota-table.ts';
import type { RouterSession } from '../../session/session.ts';
import type { Audience } from '../events/audience.ts';
import { RetainedReplays } from './retained-replays.ts';
import type { RetainedStore, RetainedView } from './retained-store.ts';

/** The publisher of an event, and its receivers. */
interface Circulation {
  readonly publisher: RouterSession;
  /** Whether the publisher does not receive its own event. */
  readonly excludes: boolean;
  readonly audience: Audience | undefined;
}

/** The retained events of one broker. [advanced/pubsub_event_retention] */
export class Retention {
  readonly #store: RetainedStore;

  /** Retained events that are being sent to new subscribers. */
  readonly replays: RetainedReplays;

  constructor(store: RetainedStore, clock: Clock) {
    this.#store = store;
    this.replays = new RetainedReplays(store, clock);
  }

  get view(): RetainedView {
    return this.#store;
  }

  /** Throws `limit_exceeded` if the publisher would have more retained topics than its quota allows. */
  check({ quota, principal, linkInfo }: RouterSession, topic: Uri): void {
    const most = quota?.limits.retainedTopics;
    if (most === undefined) return;
    const owner = quotaKeyOf(principal, linkInfo);
    if (this.#store.newest(topic)?.owner === owner || this.#store.ownedBy(owner) < most) return;
    throw new WampError(ErrorUri.LimitExceeded, [`a principal may have at most ${most} retained topics`]);
  }

  /** Stores the event or deletes the events of its topic, if its options request it. */
  update(
    { options, topic, payload }: PublishMessage,
    publication: Id<'publication'>,
    attributes: Dict,
    circulation: Circulation,
  ): void {
    // An extension: the specification cannot delete a retained event, and an empty event is a valid one.
    if (options['_retain_clear'] === true) this.#store.delete(topic);
    if (options['retain'] !== true) return;
    const { publisher, excludes, audience } = circulation;
    // A copy of two fields, because a reference to the session would keep the session in memory.
    const excluded = excludes ? { id: publisher.id, principal: publisher.principal } : undefined;
    const owner = quotaKeyOf(publisher.principal, publisher.linkInfo);
    this.#store.put({
      ...{ topic, publication, attributes, payload, audience, excluded, owner },
      publisher: publisher.principal,
    });
  }

  /** Deletes the retained events of a principal. Returns their topics. */
  forgetPrincipal(authid: string): readonly Uri[] {
    return this.#store.forgetOwner(principalQuotaKey(authid));
  }

  /** Deletes the retained events of a topic. Returns whether there were any. */
  forget(topic: Uri): boolean {
    return this.#store.delete(topic);
  }
}
