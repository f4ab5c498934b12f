import type { Action } from '../../router/policy/authorizer.ts';
import type { UriRule } from '../../wamp/uri.ts';
import type { PermissionRule } from './rule.ts';
import { compareRank } from './rule-rank.ts';

/** What a search may look at. Beyond that nothing is allowed: rules that need more are nobody's by hand. */
const MAX_STEPS = 20_000;

const STRICT_ALPHABET = [...'0123456789abcdefghijklmnopqrstuvwxyz_'];

export interface Pattern {
  readonly uri: string;
  readonly match: 'prefix' | 'wildcard';
}

/**
 * Whether the rules allow `action` on every URI that `pattern` matches: exactly, also where a more special rule forbids a
 * part of what others allow, and where several rules only together allow all of it.
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
 * One component of all the URIs that the rules cannot tell apart: this very text, or where `open` this text with
 * something behind it that no rule knows.
 */
interface Component {
  readonly text: string;
  readonly open: boolean;
}

/**
 * Walks the URIs of a pattern, component by component. The infinitely many components that may come next fall into a few
 * kinds: those that some rule spells out, those that begin like some prefix ends, and all others. One of each is tried.
 */
class Search {
  /** A rule behind another is more special, or matches no URI of the other's. */
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
   * Whether all URIs are allowed that go on from here: so many components are behind us, `live` are the rules that may
   * still match, and `won` is the best prefix of those that do whatever follows.
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
    if (!this.#mayGoOnBehind(length)) return true;
    const deeper = still.filter(rule => (this.#components.get(rule)?.length ?? 0) > length);
    // Nothing tells the longer ones apart any more.
    if (deeper.length === 0 && this.#isPrefix && length >= this.#pattern.length) return this.#allows(best);
    return this.holdsFrom(length, deeper, best);
  }

  /** One component of each kind that the pattern lets stand at `depth`. */
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

  /** Whether, of so few characters, a component can be made that begins with `cut` and is of no other kind. */
  #hasOthers(cut: string, literals: ReadonlySet<string>, cuts: ReadonlySet<string>): boolean {
    if (cut !== '' && !literals.has(cut)) return true;
    return STRICT_ALPHABET.some(character => ![...cuts].some(other => other.startsWith(cut + character)));
  }

  #mayEndAt(length: number): boolean {
    return this.#isPrefix ? length >= this.#pattern.length : length === this.#pattern.length;
  }

  #mayGoOnBehind(length: number): boolean {
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
