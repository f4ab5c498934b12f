/** The first component, behind the prefix, of URIs that are the gateway's own: no topic is spelt so. */
export const PRESENCE = 'presence';

/** The prefix of the presence topics. No MQTT topic has such a URI, because the first level `presence` is escaped. */
export function presencePrefix(prefix: string): string {
  return `${prefix}${PRESENCE}.`;
}

/** How a realm's URIs are spelt: `loose` keeps topics readable, `strict` uses `[0-9a-z_]` alone. */
export type UriStyle = 'loose' | 'strict';

/**
 * One level of an MQTT topic as one component of a URI, and back: what a component may not contain is escaped as the
 * bytes of its UTF-8, `%2E` or `_2e`; an empty level is the escape character alone.
 */
export interface LevelSpelling {
  /** Topics that need no escape: only their slashes change. */
  readonly plainTopic: RegExp;
  /** URIs (after a prefix) that hold no escape and no empty component. */
  readonly plainTail: RegExp;
  /** What a component may be made of. */
  readonly literal: RegExp;
  /** How a slash within a component would be spelt; no level holds one. */
  readonly slash: string;
  spell(level: string): string;
  /** The level, or undefined where the component is not the one that `spell` gives: two spellings would make an echo. */
  parse(component: string): string | undefined;
  /** The levels of a topic, or of a filter, as the components behind the prefix. */
  spellAll(levels: readonly string[], spellLevel?: (level: string) => string): string;
  /** The levels that these components stand for, or undefined if they stand for no topic. */
  parseAll(tail: string): readonly string[] | undefined;
}

// Dots separate components, `#` and whitespace are no URI characters, control characters no sane ones.
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const looseSpecial = /[.#%\s\u0000-\u001f\u007f-\u009f]/g;

/** Every style's spelling. */
export const levelSpellings: Readonly<Record<UriStyle, LevelSpelling>> = {
  loose: spelling({
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
    plainTopic: /^[^./#%\s\u0000-\u001f\u007f-\u009f]+(?:\/[^./#%\s\u0000-\u001f\u007f-\u009f]+)*$/,
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
    plainTail: /^[^./#%\s\u0000-\u001f\u007f-\u009f]+(?:\.[^./#%\s\u0000-\u001f\u007f-\u009f]+)*$/,
    literal: /^[^\s.#\p{Cc}]*$/u,
    special: looseSpecial,
    mark: '%',
    escapes: /(?:%[0-9A-F]{2})+/g,
    hex: byte => byte.toString(16).toUpperCase().padStart(2, '0'),
  }),
  strict: spelling({
    plainTopic: /^[0-9a-z]+(?:\/[0-9a-z]+)*$/,
    plainTail: /^[0-9a-z]+(?:\.[0-9a-z]+)*$/,
    literal: /^[0-9a-z_]*$/,
    special: /[^0-9a-z]/gu,
    mark: '_',
    escapes: /(?:_[0-9a-f]{2})+/g,
    hex: byte => byte.toString(16).padStart(2, '0'),
  }),
};

function spelling(parts: {
  readonly plainTopic: RegExp;
  readonly plainTail: RegExp;
  readonly literal: RegExp;
  /** What is escaped within a level. */
  readonly special: RegExp;
  /** Begins an escape; on its own it is an empty level. */
  readonly mark: string;
  readonly escapes: RegExp;
  readonly hex: (byte: number) => string;
}): LevelSpelling {
  const { plainTopic, plainTail, literal, special, mark, escapes, hex } = parts;
  const spell = (level: string): string => {
    if (level === '') return mark;
    return level.replace(special, char => Array.from(Buffer.from(char), byte => mark + hex(byte)).join(''));
  };
  const parse = (component: string): string | undefined => {
    const level =
      component === mark
        ? ''
        : component.replace(escapes, run => Buffer.from(run.replaceAll(mark, ''), 'hex').toString());
    return spell(level) === component && !level.includes('/') ? level : undefined;
  };
  // As it would be if its first letter were special.
  const ownLevel = mark + hex(PRESENCE.charCodeAt(0)) + PRESENCE.slice(1);
  const spellAll: LevelSpelling['spellAll'] = (levels, spellLevel = spell) =>
    levels.map((level, i) => (i === 0 && level === PRESENCE ? ownLevel : spellLevel(level))).join('.');
  const parseAll = (tail: string): readonly string[] | undefined => {
    const levels: string[] = [];
    for (const [i, component] of tail.split('.').entries()) {
      if (i === 0 && component === PRESENCE) return undefined;
      const level = i === 0 && component === ownLevel ? PRESENCE : parse(component);
      if (level === undefined) return undefined;
      levels.push(level);
    }
    return levels;
  };
  return { plainTopic, plainTail, literal, slash: mark + hex(0x2f), spell, parse, spellAll, parseAll };
}
