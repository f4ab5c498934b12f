import type { Dict } from '../../wamp/dict.ts';
import type { Id } from '../../wamp/ids.ts';
import { MessageType } from '../../wamp/messages/message-type.ts';
import type { EventMessage, PublishMessage } from '../../wamp/messages/messages.ts';
import type { RouterSession } from '../session/session.ts';
import type { Audience } from './events/audience.ts';
import { eventDetails } from './events/event-attributes.ts';
import type { RouterSubscription } from './events/subscription.ts';

/** Sends one EVENT object to all receivers of one subscription. */
export function dispatch(
  subscription: RouterSubscription,
  { topic, payload }: PublishMessage,
  publication: Id<'publication'>,
  attributes: Dict,
  excluded: RouterSession | undefined,
  audience: Audience | undefined,
): void {
  const receivers = subscription.sessions;
  let event: EventMessage | undefined;
  for (const receiver of receivers) {
    if (receiver === excluded || audience?.admits(receiver) === false) continue;
    event ??= {
      type: MessageType.Event,
      subscription: subscription.id,
      publication,
      details: eventDetails(subscription.match, topic, attributes),
      payload,
    };
    receiver.link.send(event);
  }
}
