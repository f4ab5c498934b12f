import type { MatchPolicy } from '../../wamp/uri.ts';

/** A pattern with what its rank follows from. */
export interface Ranked {
  readonly uri: string;
  readonly match: MatchPolicy;
}

/**
 * Positive where `one` is more special than `other`, of two patterns that match the same URI: exact before all; then who
 * says more before leaving the first thing open; then a wildcard, which says how long the URI is, before a prefix; then
 * the wildcard that says the first component that the other leaves open.
 */
export function compareRank(one: Ranked, other: Ranked): number {
  const byHead = headLength(one) - headLength(other);
  if (byHead !== 0) return byHead;
  if (one.match !== other.match) return one.match === 'wildcard' ? 1 : -1;
  if (one.match !== 'wildcard') return 0;
  const [ours, theirs] = [shapeOf(one), shapeOf(other)];
  return ours === theirs ? 0 : ours > theirs ? 1 : -1;
}

/** 1 for each component that is said, 0 for each that is left open. */
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
  // One that leaves nothing open is as good as exact.
  if (open < 0) return Number.MAX_SAFE_INTEGER;
  return components.slice(0, open).reduce((length, component) => length + component.length + 1, 0);
}
