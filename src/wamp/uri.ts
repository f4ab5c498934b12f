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

/** Marks a string as a URI without checking it. Only this function makes the brand. */
export function asUri(text: string): Uri {
  return text as Uri;
}

/**
 * Whether `text` is a valid topic or procedure under `rule`, or a valid pattern of the given policy. Wildcards may have
 * empty components. A prefix may end in an empty component, because it may be any beginning of a URI.
 * No URI begins with U+0000: in the details of a JSON message, it would be binary data.
 * [advanced/serialization_binary_json]
 */
export function isUri(text: string, rule: UriRule, match: MatchPolicy = 'exact'): text is Uri {
  if (text.charCodeAt(0) === 0) return false;
  if (text.length === 0) return match !== 'exact';
  if (match === 'exact') return (rule === 'strict' ? strict : loose).test(text);
  if (match === 'wildcard') return (rule === 'strict' ? strictWithEmpty : looseWithEmpty).test(text);
  const cut = text.endsWith('.') ? text.slice(0, -1) : text;
  return (rule === 'strict' ? strict : loose).test(cut);
}

/** Whether the first component of `uri` is `wamp`. Only the router may publish or register there. */
export function isReserved(uri: string): boolean {
  return uri.startsWith('wamp') && (uri.length === 4 || uri.charCodeAt(4) === 0x2e);
}
