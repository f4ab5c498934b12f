/** The first URI component behind the prefix of the gateway's own topics. No MQTT topic is spelled like this. */
export const PRESENCE = 'presence';

/** The prefix of the presence topics. No MQTT topic has such a URI, because the first level `presence` is escaped. */
export function presencePrefix(prefix: string): string {
  return `${prefix}${PRESENCE}.`;
}

/** How URIs are spelled. `loose` keeps topics readable, `strict` uses only `[0-9a-z_]`. */
export type UriStyle = 'loose' | 'strict';

/**
 * Maps one level of an MQTT topic to one URI component, and back. Characters that a component may not contain are
 * escaped as the bytes of their UTF-8, `%2E` or `_2e`. An empty level is the escape character alone.
 */
export interface LevelSpelling {
  /** Topics without characters to escape: only their slashes change. */
  readonly plainTopic: RegExp;
  /** URIs, without the prefix, that contain no escape and no empty component. */
  readonly plainTail: RegExp;
  /** The characters that a component may consist of. */
  readonly literal: RegExp;
  /** The spelling of a slash within a component. No level contains one. */
  readonly slash: string;
  spell(level: string): string;
  /**
   * The level of a component. Undefined if `spell` would give another component, because a second spelling would cause
   * echoes.
   */
  parse(component: string): string | undefined;
  /** The URI components of a topic or a filter, joined with dots. */
  spellAll(levels: readonly string[], spellLevel?: (level: string) => string): string;
  /** The levels of URI components, or undefined if they are not the spelling of a topic. */
  parseAll(tail: string): readonly string[] | undefined;
}

// Dots separate components, WAMP URIs exclude `#` and whitespace, and control characters are unsafe in logs.
// biome-ignore lint/suspicious/noControlCharactersInRegex: the pattern matches control characters
const looseSpecial = /[.#%\s\u0000-\u001f\u007f-\u009f]/g;

/** The spelling of each style. */
export const levelSpellings: Readonly<Record<UriStyle, LevelSpelling>> = {
  loose: spelling({
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the pattern matches control characters
    plainTopic: /^[^./#%\s\u0000-\u001f\u007f-\u009f]+(?:\/[^./#%\s\u0000-\u001f\u007f-\u009f]+)*$/,
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the pattern matches control characters
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
  /** The characters that are escaped within a level. */
  readonly special: RegExp;
  /** The first character of an escape. On its own it is an empty level. */
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
  // As if the first letter of `presence` had to be escaped.
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
