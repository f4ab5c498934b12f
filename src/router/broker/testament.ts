import type { Dict } from '../../wamp/dict.ts';
import { ErrorUri, WampError } from '../../wamp/errors.ts';
import { asId } from '../../wamp/ids.ts';
import { MessageType } from '../../wamp/messages/message-type.ts';
import type { PublishMessage } from '../../wamp/messages/messages.ts';
import type { Payload } from '../../wamp/payload.ts';
import { changesRetained, discloses, usesPassthru } from '../requests/request-options.ts';
import type { RealmRules } from '../session/realm-rules.ts';
import type { Session } from '../session/session.ts';
import { Audience } from './events/audience.ts';

/** What a session wants published when it ends. [advanced/pubsub_testament] */
export interface Testament {
  readonly topic: string;
  readonly payload: Payload;
  /** PUBLISH.Options; `acknowledge` and `exclude_me` make no sense and are not heeded. */
  readonly options: Dict;
}

/**
 * A testament as the PUBLISH that it will be. Whatever would be refused then is refused now, while somebody listens:
 * throws `WampError`.
 */
export function checkedTestament(context: RealmRules, session: Session, testament: Testament): PublishMessage {
  const { payload, options } = testament;
  const topic = context.uri(testament.topic, 'exact', session);
  const { disclose, retain } = context.permit(session, 'publish', topic, 'exact');
  if (retain === false && changesRetained(options)) {
    throw context.refusal(session, ErrorUri.NotAuthorized, `not allowed to retain what is published to ${topic}`);
  }
  discloses(options, disclose);
  Audience.of(options);
  if (usesPassthru(options) && !session.features.publisherPassthru) {
    throw new WampError(ErrorUri.InvalidArgument, ['ppt_scheme, but HELLO did not announce payload_passthru_mode']);
  }
  return {
    type: MessageType.Publish,
    request: asId<'request'>(0),
    options: { ...options, acknowledge: false, exclude_me: false },
    topic,
    payload: payload.detach(),
  };
}
