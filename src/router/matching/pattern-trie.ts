import type { MatchPolicy } from '../../wamp/uri.ts';
import { PrefixMap } from './prefix-map.ts';
import { RecentMap } from './recent-map.ts';
import { WildcardTrie } from './wildcard-trie.ts';

/** Limits of the cache of matches: topics, length of a topic, and memory with the lists. */
const MAX_RECENT = 16_384;
const MAX_RECENT_LENGTH = 256;
const MAX_RECENT_BYTES = 8 * 1024 * 1024;

/** Estimated memory of one cached topic with its matches. */
function recentBytes(uri: string, matches: readonly unknown[]): number {
  return 150 + 2 * uri.length + 8 * matches.length;
}

const NOTHING: readonly never[] = Object.freeze([]);

/**
 * A map from URIs and patterns to values, with at most one value for each pair of URI and policy. The broker looks up
 * all matches of a topic, the dealer the best match of a procedure.
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

  /** The cached result of `matchAll` for `uri`. Undefined if it is not cached. */
  recent(uri: string): readonly T[] | undefined {
    return this.#recent.get(uri);
  }

  /**
   * All values that match `uri`: exact, then prefixes from the shortest, then wildcards. The caller must not change the
   * list.
   */
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
   * The best value for `uri`: exact, else longest prefix, else best wildcard. The specification matches prefixes by
   * character. In its table of examples, a wildcard wins over a prefix that ends within a component (`a1.b2.c3` for
   * `a1.b2.c33.d4.e5`). Both hold if a prefix wins over a wildcard only when a matching prefix ends between components.
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
