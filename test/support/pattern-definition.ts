import type { MatchPolicy } from '../../src/wamp/uri.ts';

// The definition of matching from the specification, without regard to cost. The tries are compared with it.

/** A URI and how it matches. */
export interface Pattern {
  readonly uri: string;
  readonly match: MatchPolicy;
}

/** The definition of a match, from the text. [advanced/pubsub_pattern_based_subscription] */
export function matches(p: Pattern, text: string): boolean {
  if (p.match === 'exact') return p.uri === text;
  if (p.match === 'prefix') return text.startsWith(p.uri);
  const [wanted, given] = [p.uri.split('.'), text.split('.')];
  return wanted.length === given.length && wanted.every((part, i) => part === '' || part === given[i]);
}

function wholeComponents(p: Pattern, text: string): boolean {
  return p.uri === '' || p.uri === text || p.uri.endsWith('.') || text.startsWith(`${p.uri}.`);
}

/** Lengths of the literal portions between wildcards, in components. */
function portions(text: string): number[] {
  const lengths = [0];
  for (const part of text.split('.')) {
    if (part === '') lengths.push(0);
    else lengths.push((lengths.pop() ?? 0) + 1);
  }
  return lengths;
}

function byPortions(a: Pattern, b: Pattern): number {
  const [left, right] = [portions(a.uri), portions(b.uri)];
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const difference = (right[i] ?? 0) - (left[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** The definition of the best match, from the text and its table. [advanced/rpc_pattern_based_registration] */
export function best<P extends Pattern>(patterns: readonly P[], text: string): P | undefined {
  const found = patterns.filter(p => matches(p, text));
  const prefixes = found.filter(p => p.match === 'prefix').sort((a, b) => b.uri.length - a.uri.length);
  const wildcards = found.filter(p => p.match === 'wildcard').sort(byPortions);
  const whole = prefixes.some(p => wholeComponents(p, text));
  return found.find(p => p.match === 'exact') ?? (whole ? prefixes[0] : (wildcards[0] ?? prefixes[0]));
}
