import type { MatchPolicy } from '../../wamp/uri.ts';

/** A pattern that has a rank. */
export interface Ranked {
  readonly uri: string;
  readonly match: MatchPolicy;
}

/**
 * Positive if `one` is more specific than `other`, for two patterns that match the same URI. An exact pattern comes
 * first, then the pattern with more text before its first open part. A wildcard comes before a prefix, because it fixes
 * the length of the URI. Of two wildcards, the one that spells out the first component that the other leaves open.
 */
export function compareRank(one: Ranked, other: Ranked): number {
  const byHead = headLength(one) - headLength(other);
  if (byHead !== 0) return byHead;
  if (one.match !== other.match) return one.match === 'wildcard' ? 1 : -1;
  if (one.match !== 'wildcard') return 0;
  const [ours, theirs] = [shapeOf(one), shapeOf(other)];
  return ours === theirs ? 0 : ours > theirs ? 1 : -1;
}

/** 1 for each component that is spelled out, 0 for each open one. */
function shapeOf({ uri }: Ranked): string {
  return uri
    .split('.')
    .map(component => (component === '' ? '0' : '1'))
    .join('');
}

function headLength({ uri, match }: Ranked): number {
  if (match === 'exact') return Number.POSITIVE_INFINITY;
  if (match === 'prefix') return uri.length;
  const components = uri.split('.');
  const open = components.indexOf('');
  // A wildcard without an open component is equivalent to an exact pattern.
  if (open < 0) return Number.MAX_SAFE_INTEGER;
  return components.slice(0, open).reduce((length, component) => length + component.length + 1, 0);
}
