import type { MatchPolicy } from '../../../src/wamp/uri.ts';
import type { LevelSpelling } from './level-spelling.ts';

interface Pattern {
  readonly uri: string;
  readonly match: MatchPolicy;
}

/**
 * What permissions are asked about a topic filter: patterns that together match the URI of every topic that the filter
 * does. Where no pattern says the same as a filter (`a/+/b/#`), one says more, and is refused sooner.
 */
export class FilterMap {
  readonly #prefix: string;
  readonly #spelling: LevelSpelling;

  constructor(prefix: string, spelling: LevelSpelling) {
    this.#prefix = prefix;
    this.#spelling = spelling;
  }

  patternsOf(filter: string): readonly Pattern[] {
    // The broker's own affairs are on no realm.
    if (filter.startsWith('$SYS/')) return [];
    const levels = filter.split('/');
    const open = levels.indexOf('+');
    const rest = levels.at(-1) === '#';
    if (!rest) {
      return [{ uri: this.#uri(levels), match: open < 0 ? 'exact' : 'wildcard' }];
    }
    const known = levels.slice(0, open < 0 ? -1 : open);
    const below: Pattern = { uri: known.length === 0 ? this.#prefix : `${this.#uri(known)}.`, match: 'prefix' };
    // `a/#` matches `a`, too. [MQTT-4.7.1-2]
    return open >= 0 || known.length === 0 ? [below] : [below, { uri: this.#uri(known), match: 'exact' }];
  }

  #uri(levels: readonly string[]): string {
    const { spell, spellAll } = this.#spelling;
    return this.#prefix + spellAll(levels, level => (level === '+' ? '' : spell(level)));
  }
}
