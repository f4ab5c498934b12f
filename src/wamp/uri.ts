declare const uriBrand: unique symbol;

/** A topic, procedure, realm, error or reason: dot-separated components. [basic/building_blocks] */
export type Uri = string & { readonly [uriBrand]: true };

/** How a realm checks URIs: `loose` (no whitespace, no `#`) or `strict` (components of `[0-9a-z_]+`). */
export type UriRule = 'loose' | 'strict';

/** How a subscription or registration matches. [advanced/pubsub_pattern_based_subscription] */
export type MatchPolicy = 'exact' | 'prefix' | 'wildcard';

const loose = /^([^\s.#]+\.)*[^\s.#]+$/;
const looseWithEmpty = /^([^\s.#]+\.|\.)*[^\s.#]*$/;
const strict = /^([0-9a-z_]+\.)*[0-9a-z_]+$/;
const strictWithEmpty = /^([0-9a-z_]+\.|\.)*[0-9a-z_]*$/;

/** Marks a string as a URI without checking it. The one place where the brand is made. */
export function asUri(text: string): Uri {
  return text as Uri;
}

/**
 * Whether `text` may name a topic or procedure under `rule`, or a pattern of the given policy. Empty components are
 * legal in wildcards; a prefix may be any cut of a URI, so it may end in an empty component. None begins with U+0000:
 * as a detail in JSON it would be binary. [advanced/serialization_binary_json]
 */
export function isUri(text: string, rule: UriRule, match: MatchPolicy = 'exact'): text is Uri {
  if (text.charCodeAt(0) === 0) return false;
  if (text.length === 0) return match !== 'exact';
  if (match === 'exact') return (rule === 'strict' ? strict : loose).test(text);
  if (match === 'wildcard') return (rule === 'strict' ? strictWithEmpty : looseWithEmpty).test(text);
  const cut = text.endsWith('.') ? text.slice(0, -1) : text;
  return (rule === 'strict' ? strict : loose).test(cut);
}

/** Whether the first component of `uri` is `wamp`: only the protocol itself may publish or register there. */
export function isReserved(uri: string): boolean {
  return uri.startsWith('wamp') && (uri.length === 4 || uri.charCodeAt(4) === 0x2e);
}
