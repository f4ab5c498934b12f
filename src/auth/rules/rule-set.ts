import { PrefixMap } from '../../router/matching/prefix-map.ts';
import { WildcardTrie } from '../../router/matching/wildcard-trie.ts';
import { type Action, DENY, type Decision } from '../../router/policy/authorizer.ts';
import type { MatchPolicy, UriRule } from '../../wamp/uri.ts';
import type { PermissionRule } from './rule.ts';
import { allowsAll } from './rule-coverage.ts';
import { compareRank } from './rule-rank.ts';

/** Maximum of cached decisions about patterns. */
const MAX_CACHED = 1000;

/**
 * The rules of one role, variables replaced. The most specific matching rule decides. Without one, access is denied.
 */
export class RuleSet {
  readonly #rules: readonly PermissionRule[];
  readonly #uriRule: UriRule;
  readonly #exact = new Map<string, PermissionRule>();
  readonly #prefixes = new PrefixMap<PermissionRule>();
  readonly #wildcards = new WildcardTrie<PermissionRule>();
  readonly #patterns = new Map<string, boolean>();

  constructor(rules: readonly PermissionRule[], uriRule: UriRule) {
    this.#uriRule = uriRule;
    for (const rule of rules) {
      const table = { exact: this.#exact, prefix: this.#prefixes, wildcard: this.#wildcards }[rule.match];
      table.set(rule.uri, rule);
    }
    this.#rules = rules;
  }

  /** `otherwise`: the decision about a pattern that several rules together allow. */
  decide(action: Action, uri: string, match: MatchPolicy, otherwise: Decision): Decision {
    const rule = match === 'exact' ? this.#best(uri) : undefined;
    if (match === 'exact') return rule?.allow.has(action) === true ? rule.decision : DENY;
    return this.#allows(action, uri, match) ? otherwise : DENY;
  }

  #best(uri: string): PermissionRule | undefined {
    const exact = this.#exact.get(uri);
    if (exact !== undefined) return exact;
    const prefix = this.#prefixes.longest(uri);
    const wildcard = this.#wildcards.best(uri);
    if (prefix === undefined || wildcard === undefined) return prefix ?? wildcard;
    return compareRank(prefix, wildcard) > 0 ? prefix : wildcard;
  }

  #allows(action: Action, uri: string, match: 'prefix' | 'wildcard'): boolean {
    const key = `${action} ${match} ${uri}`;
    const known = this.#patterns.get(key);
    if (known !== undefined) return known;
    const allows = allowsAll(this.#rules, action, { uri, match }, this.#uriRule);
    if (this.#patterns.size >= MAX_CACHED) this.#patterns.clear();
    this.#patterns.set(key, allows);
    return allows;
  }
}
