import type { MatchPolicy } from '../../wamp/uri.ts';

/** What one session's part in a subscription or registration takes. */
export const MEMBER_BYTES = 150;

/** Nodes, entries of tables and the object, beside the text of a URI or pattern. */
const OBJECT_BYTES = { exact: 500, prefix: 750, wildcard: 900 } as const satisfies Record<MatchPolicy, number>;

/** Memory that a subscription or registration takes, near enough: a character may take two bytes, and labels are copies. */
export function nameBytes(uri: string, match: MatchPolicy): number {
  return OBJECT_BYTES[match] + 4 * uri.length;
}
