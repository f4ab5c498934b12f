import { type Dict, EMPTY_DICT, isDict } from '../../../wamp/dict.ts';
import { ProtocolViolation } from '../../../wamp/errors.ts';
import type { MatchPolicy, Uri } from '../../../wamp/uri.ts';
import { passthruOf } from '../../requests/request-options.ts';
import type { RouterSession } from '../../session/session.ts';

// EVENT.Details consist of attributes, which are the same for all receivers, and the topic, which depends on the
// subscription. Most events have no attributes and share one empty dictionary.

/** Throws `ProtocolViolation` if the publisher uses payload passthru mode and has not announced it. */
export function eventAttributes(
  publisher: RouterSession,
  options: Dict,
  disclosed: boolean,
  trustlevel?: number,
): Dict {
  const passthru = passthruOf(options);
  // Only bridges may set the origin of an event; another client could set a false one.
  const origin = publisher.linkInfo.transport === 'local' ? options['_origin'] : undefined;
  if (!disclosed && passthru === undefined && trustlevel === undefined && origin === undefined) return EMPTY_DICT;
  const attributes: Record<string, unknown> = {};
  if (disclosed) {
    // [advanced/pubsub_publisher_identification]
    attributes['publisher'] = publisher.id;
    attributes['publisher_authid'] = publisher.principal.authid;
    attributes['publisher_authrole'] = publisher.principal.authrole;
  }
  if (isDict(origin)) attributes['_origin'] = origin;
  // [advanced/pubsub_publication_trustlevels]
  if (trustlevel !== undefined) attributes['trustlevel'] = trustlevel;
  if (passthru !== undefined) {
    // [advanced/payload_passthru_mode]
    if (!publisher.features.publisherPassthru) {
      throw new ProtocolViolation(
        'Received PUBLISH with ppt_scheme, but HELLO did not announce payload_passthru_mode.',
      );
    }
    Object.assign(attributes, passthru);
  }
  return attributes;
}

/** Only pattern subscriptions receive the topic. [advanced/pubsub_pattern_based_subscription] */
export function eventDetails(match: MatchPolicy, topic: Uri, attributes: Dict): Dict {
  if (match === 'exact') return attributes;
  return attributes === EMPTY_DICT ? { topic } : { topic, ...attributes };
}
