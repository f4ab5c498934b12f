import type { Action } from '../../router/policy/authorizer.ts';
import type { UriRule } from '../../wamp/uri.ts';
import type { PermissionRule } from './rule.ts';
import { compareRank } from './rule-rank.ts';

/** Maximum of steps of a search. If it needs more, the answer is no. Rules written by hand need far fewer. */
const MAX_STEPS = 20_000;

const STRICT_ALPHABET = [...'0123456789abcdefghijklmnopqrstuvwxyz_'];

export interface Pattern {
  readonly uri: string;
  readonly match: 'prefix' | 'wildcard';
}

/**
 * Whether the rules allow `action` on every URI that `pattern` matches. The answer is exact, even if a more specific
 * rule forbids a part, or if only several rules together allow all of it.
 */
export function allowsAll(
  rules: readonly PermissionRule[],
  action: Action,
  pattern: Pattern,
  uriRule: UriRule,
): boolean {
  const ranked = [...rules].sort(compareRank);
  return new Search(ranked, action, pattern, uriRule).holdsFrom(0, ranked, undefined);
}

/**
 * A component that stands for all components which the rules treat in the same way. It is `text` exactly, or if `open`,
 * `text` followed by characters that no rule names.
 */
interface Component {
  readonly text: string;
  readonly open: boolean;
}

/**
 * Walks the URIs of a pattern, component by component. There are few kinds of next components: literals of a rule,
 * components that begin like the end of a prefix, and all others. The search tries one of each kind.
 */
class Search {
  /** A rule with a higher rank is more specific than the others, or matches none of their URIs. */
  readonly #rank: ReadonlyMap<PermissionRule, number>;
  readonly #components: ReadonlyMap<PermissionRule, readonly string[]>;
  readonly #action: Action;
  readonly #pattern: readonly string[];
  readonly #isPrefix: boolean;
  readonly #strict: boolean;
  readonly #done = new Set<string>();
  #steps = 0;

  constructor(ranked: readonly PermissionRule[], action: Action, pattern: Pattern, uriRule: UriRule) {
    this.#rank = new Map(ranked.map((rule, index) => [rule, index]));
    this.#components = new Map(ranked.map(rule => [rule, rule.uri.split('.')]));
    this.#action = action;
    this.#pattern = pattern.uri.split('.');
    this.#isPrefix = pattern.match === 'prefix';
    this.#strict = uriRule === 'strict';
  }

  /**
   * Whether all continuations are allowed after `depth` components. `live` are the rules that may still match. `won` is
   * the most specific prefix rule that matches all continuations.
   */
  holdsFrom(depth: number, live: readonly PermissionRule[], won: PermissionRule | undefined): boolean {
    const key = `${depth} ${won === undefined ? '' : this.#rank.get(won)} ${live.map(rule => this.#rank.get(rule))}`;
    if (this.#done.has(key)) return true;
    this.#done.add(key);
    for (const component of this.#kinds(depth, live)) {
      if (++this.#steps > MAX_STEPS) return false;
      if (!this.#holdsWith(component, depth, live, won)) return false;
    }
    return true;
  }

  #holdsWith(
    component: Component,
    depth: number,
    live: readonly PermissionRule[],
    won: PermissionRule | undefined,
  ): boolean {
    const still: PermissionRule[] = [];
    let best = won;
    for (const rule of live) {
      const components = this.#components.get(rule) ?? [];
      const wanted = components[depth];
      if (wanted === undefined) continue;
      if (rule.match === 'prefix' && depth === components.length - 1) {
        if (component.text.startsWith(wanted)) best = this.#better(best, rule);
      } else if (isAny(rule, wanted) || (!component.open && component.text === wanted)) {
        still.push(rule);
      }
    }
    const length = depth + 1;
    if (this.#mayEndAt(length)) {
      const whole = still.filter(rule => rule.match !== 'prefix' && this.#components.get(rule)?.length === length);
      if (!this.#allows(whole.reduce((winner, rule) => this.#better(winner, rule), best))) return false;
    }
    if (!this.#mayContinueAfter(length)) return true;
    const deeper = still.filter(rule => (this.#components.get(rule)?.length ?? 0) > length);
    // No rule distinguishes longer URIs.
    if (deeper.length === 0 && this.#isPrefix && length >= this.#pattern.length) return this.#allows(best);
    return this.holdsFrom(length, deeper, best);
  }

  /** One component of each kind that the pattern allows at `depth`. */
  #kinds(depth: number, live: readonly PermissionRule[]): Component[] {
    const wanted = this.#pattern[depth];
    const last = depth === this.#pattern.length - 1;
    const isOpen = wanted === undefined || (this.#isPrefix ? last : wanted === '');
    if (!isOpen) return [{ text: wanted, open: false }];
    const start = wanted ?? '';
    const literals = new Set<string>();
    const cuts = new Set([start]);
    for (const rule of live) {
      const components = this.#components.get(rule) ?? [];
      const text = components[depth];
      if (text === undefined || !text.startsWith(start)) continue;
      if (rule.match === 'prefix' && depth === components.length - 1) cuts.add(text);
      else if (text !== '') literals.add(text);
    }
    const open = [...cuts].filter(cut => !this.#strict || this.#hasOthers(cut, literals, cuts));
    return [...literals].map(text => ({ text, open: false })).concat(open.map(text => ({ text, open: true })));
  }

  /** Whether a strict component exists that begins with `cut` and is of no other kind. */
  #hasOthers(cut: string, literals: ReadonlySet<string>, cuts: ReadonlySet<string>): boolean {
    if (cut !== '' && !literals.has(cut)) return true;
    return STRICT_ALPHABET.some(character => ![...cuts].some(other => other.startsWith(cut + character)));
  }

  #mayEndAt(length: number): boolean {
    return this.#isPrefix ? length >= this.#pattern.length : length === this.#pattern.length;
  }

  #mayContinueAfter(length: number): boolean {
    return this.#isPrefix || length < this.#pattern.length;
  }

  #better(one: PermissionRule | undefined, other: PermissionRule): PermissionRule {
    if (one === undefined) return other;
    return (this.#rank.get(one) ?? 0) > (this.#rank.get(other) ?? 0) ? one : other;
  }

  #allows(rule: PermissionRule | undefined): boolean {
    return rule?.allow.has(this.#action) === true;
  }
}

function isAny(rule: PermissionRule, component: string): boolean {
  return rule.match === 'wildcard' && component === '';
}
