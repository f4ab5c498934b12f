import type { MatchPolicy } from '../../wamp/uri.ts';
import { PrefixMap } from './prefix-map.ts';
import { RecentMap } from './recent-map.ts';
import { WildcardTrie } from './wildcard-trie.ts';

/** Topics whose matches are remembered, how long such a topic may be, and what they may take together with their lists. */
const MAX_RECENT = 16_384;
const MAX_RECENT_LENGTH = 256;
const MAX_RECENT_BYTES = 8 * 1024 * 1024;

/** What the matches of one topic take. */
function recentBytes(uri: string, matches: readonly unknown[]): number {
  return 150 + 2 * uri.length + 8 * matches.length;
}

const NOTHING: readonly never[] = Object.freeze([]);

/**
 * Values kept under a URI or a pattern, at most one for each pair of URI and policy. The broker asks for all that match
 * a topic, the dealer for the best match of a procedure.
 */
export class PatternTrie<T> {
  readonly #exact = new Map<string, T>();
  readonly #prefixes = new PrefixMap<T>();
  readonly #wildcards = new WildcardTrie<T>();
  readonly #recent = new RecentMap<readonly T[]>(MAX_RECENT, MAX_RECENT_BYTES, recentBytes);

  get size(): number {
    return this.#exact.size + this.#prefixes.size + this.#wildcards.size;
  }

  get(uri: string, match: MatchPolicy): T | undefined {
    return this.#table(match).get(uri);
  }

  set(uri: string, match: MatchPolicy, value: T): void {
    this.#table(match).set(uri, value);
    this.#forget(uri, match);
  }

  delete(uri: string, match: MatchPolicy): boolean {
    this.#forget(uri, match);
    return this.#table(match).delete(uri);
  }

  /** What `matchAll` found for `uri` when it was asked last, where that is remembered and still true. */
  recent(uri: string): readonly T[] | undefined {
    return this.#recent.get(uri);
  }

  /** Every value whose pattern matches `uri`: exact, then prefixes from the shortest, then wildcards. Not to be written to. */
  matchAll(uri: string): readonly T[] {
    const known = this.#recent.get(uri);
    if (known !== undefined) return known;
    const found: T[] = [];
    const exact = this.#exact.get(uri);
    if (exact !== undefined) found.push(exact);
    this.#prefixes.matchAll(uri, found);
    this.#wildcards.matchAll(uri, found);
    const matches = found.length === 0 ? NOTHING : found;
    if (uri.length <= MAX_RECENT_LENGTH) this.#recent.set(uri, matches);
    return matches;
  }

  /**
   * The one value for `uri`: exact, else longest prefix, else best wildcard. The text matches prefixes by characters, yet
   * its table of examples has a wildcard win over a prefix that ends within a component (`a1.b2.c3` for `a1.b2.c33.d4.e5`).
   * Both hold where prefixes come before wildcards only if one of them ends between components.
   * [advanced/rpc_pattern_based_registration]
   */
  best(uri: string): T | undefined {
    const exact = this.#exact.get(uri);
    if (exact !== undefined) return exact;
    const prefix = this.#prefixes.longest(uri);
    if (prefix === undefined) return this.#wildcards.best(uri);
    if (this.#wildcards.size === 0 || this.#prefixes.endsBetweenComponents(uri)) return prefix;
    return this.#wildcards.best(uri) ?? prefix;
  }

  #table(match: MatchPolicy): Map<string, T> | PrefixMap<T> | WildcardTrie<T> {
    if (match === 'exact') return this.#exact;
    return match === 'prefix' ? this.#prefixes : this.#wildcards;
  }

  #forget(uri: string, match: MatchPolicy): void {
    if (match === 'exact') this.#recent.delete(uri);
    else this.#recent.clear();
  }
}
