import type { Dict } from '../../wamp/dict.ts';
import type { Id } from '../../wamp/ids.ts';
import type { EventMessage } from '../../wamp/messages/messages.ts';
import type { Payload } from '../../wamp/payload.ts';
import type { WampEvent } from '../api/session-api.ts';

/** An EVENT as handlers receive it. The payload is decoded on first access. */
export class ReceivedEvent implements WampEvent {
  readonly topic: string;
  readonly publication: Id<'publication'>;
  readonly details: Dict;
  readonly payload: Payload;

  /** `subscribed` is the topic or pattern of the subscription. Events of a pattern name their topic in `details`. */
  constructor(message: EventMessage, subscribed: string) {
    const topic = message.details['topic'];
    this.topic = typeof topic === 'string' ? topic : subscribed;
    this.publication = message.publication;
    this.details = message.details;
    this.payload = message.payload;
  }

  get args(): readonly unknown[] {
    return this.payload.args;
  }

  get kwargs(): Dict {
    return this.payload.kwargs;
  }
}
