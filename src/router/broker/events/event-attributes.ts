import { type Dict, EMPTY_DICT, isDict } from '../../../wamp/dict.ts';
import { ProtocolViolation } from '../../../wamp/errors.ts';
import type { MatchPolicy, Uri } from '../../../wamp/uri.ts';
import { passthruOf } from '../../requests/request-options.ts';
import type { RouterSession } from '../../session/session.ts';

// EVENT.Details are attributes, which an event has in common for all its receivers, and what differs by subscription:
// the topic. Most events have no attributes and share one empty dictionary.

/** Throws `ProtocolViolation` for a payload that is passed through by a publisher which has not announced that. */
export function eventAttributes(
  publisher: RouterSession,
  options: Dict,
  disclosed: boolean,
  trustlevel?: number,
): Dict {
  const passthru = passthruOf(options);
  // What a bridge knows of where an event comes from; others could claim anything.
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

/** Pattern subscribers are told the topic, and nobody else is. [advanced/pubsub_pattern_based_subscription] */
export function eventDetails(match: MatchPolicy, topic: Uri, attributes: Dict): Dict {
  if (match === 'exact') return attributes;
  return attributes === EMPTY_DICT ? { topic } : { topic, ...attributes };
}
