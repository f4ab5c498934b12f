import type { MatchPolicy } from '../../../src/wamp/uri.ts';
import type { LevelSpelling } from './level-spelling.ts';

interface Pattern {
  readonly uri: string;
  readonly match: MatchPolicy;
}

/**
 * Maps a topic filter to the URI patterns for which permissions are checked. The patterns together match the URIs of
 * all topics of the filter. If no pattern matches exactly these (`a/+/b/#`), a wider one is used, which is refused
 * sooner.
 */
export class FilterMap {
  readonly #prefix: string;
  readonly #spelling: LevelSpelling;

  constructor(prefix: string, spelling: LevelSpelling) {
    this.#prefix = prefix;
    this.#spelling = spelling;
  }

  patternsOf(filter: string): readonly Pattern[] {
    // `$SYS` topics are not on the realm.
    if (filter.startsWith('$SYS/')) return [];
    const levels = filter.split('/');
    const open = levels.indexOf('+');
    const rest = levels.at(-1) === '#';
    if (!rest) {
      return [{ uri: this.#uri(levels), match: open < 0 ? 'exact' : 'wildcard' }];
    }
    const known = levels.slice(0, open < 0 ? -1 : open);
    const below: Pattern = { uri: known.length === 0 ? this.#prefix : `${this.#uri(known)}.`, match: 'prefix' };
    // `a/#` matches `a` too. [MQTT-4.7.1-2]
    return open >= 0 || known.length === 0 ? [below] : [below, { uri: this.#uri(known), match: 'exact' }];
  }

  #uri(levels: readonly string[]): string {
    const { spell, spellAll } = this.#spelling;
    return this.#prefix + spellAll(levels, level => (level === '+' ? '' : spell(level)));
  }
}
