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

/** Who published, and who was meant to receive it. */
interface Whom {
  readonly publisher: RouterSession;
  /** Whether the publisher does not receive its own event. */
  readonly excludes: boolean;
  readonly audience: Audience | undefined;
}

/** What a broker retains. [advanced/pubsub_event_retention] */
export class Retention {
  readonly #store: RetainedStore;

  /** What is on its way to those who have subscribed. */
  readonly replays: RetainedReplays;

  constructor(store: RetainedStore, clock: Clock) {
    this.#store = store;
    this.replays = new RetainedReplays(store, clock);
  }

  get view(): RetainedView {
    return this.#store;
  }

  /** Refuses a topic more than the publisher may have retained. */
  check({ quota, principal, linkInfo }: RouterSession, topic: Uri): void {
    const most = quota?.limits.retainedTopics;
    if (most === undefined) return;
    const owner = quotaKeyOf(principal, linkInfo);
    if (this.#store.newest(topic)?.owner === owner || this.#store.ownedBy(owner) < most) return;
    throw new WampError(ErrorUri.LimitExceeded, [`no more than ${most} topics may be retained`]);
  }

  /** Keeps an event, or forgets its topic, where its options say so. */
  update(
    { options, topic, payload }: PublishMessage,
    publication: Id<'publication'>,
    attributes: Dict,
    whom: Whom,
  ): void {
    // The text has no way to take a retained event back, and an empty one may be meant: an option of our own.
    if (options['_retain_clear'] === true) this.#store.delete(topic);
    if (options['retain'] !== true) return;
    const { publisher, excludes, audience } = whom;
    // Not the session itself, which would keep all it holds in memory.
    const excluded = excludes ? { id: publisher.id, principal: publisher.principal } : undefined;
    const owner = quotaKeyOf(publisher.principal, publisher.linkInfo);
    this.#store.put({
      ...{ topic, publication, attributes, payload, audience, excluded, owner },
      publisher: publisher.principal,
    });
  }

  /** Forgets what a principal has retained; the topics. */
  forgetPrincipal(authid: string): readonly Uri[] {
    return this.#store.forgetOwner(principalQuotaKey(authid));
  }

  /** Forgets a topic; whether there was anything. */
  forget(topic: Uri): boolean {
    return this.#store.delete(topic);
  }
}
