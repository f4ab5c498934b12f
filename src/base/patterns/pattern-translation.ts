/** A regular expression that cannot run in linear time. The message says why, and what to do. */
export class PatternRefusal extends Error {
  override readonly name = 'PatternRefusal';
}

/** The characters of `\s` in JavaScript. In RE2, `\s` is five ASCII characters only. */
const SPACES = [
  ...[0x09, 0x0d, 0x20, 0x20, 0xa0, 0xa0, 0x1680, 0x1680, 0x2000, 0x200a],
  ...[0x2028, 0x2029, 0x202f, 0x202f, 0x205f, 0x205f, 0x3000, 0x3000, 0xfeff, 0xfeff],
];
/** The characters that `.` does not match in JavaScript. In RE2, it is the line feed only. */
const LINE_ENDS = [0x0a, 0x0a, 0x0d, 0x0d, 0x2028, 0x2029];
const LAST = 0x10ffff;

const controls: Record<string, number> = { t: 9, n: 10, v: 11, f: 12, r: 13, 0: 0 };

/** The group names that RE2 accepts. */
const groupName = /^[A-Za-z_][A-Za-z0-9_]*$/;

/**
 * Translates a regular expression of JavaScript, valid with the flag `u`, to RE2 syntax with the same meaning. Throws
 * `PatternRefusal` for syntax that RE2 does not support.
 */
export function translatePattern(source: string, dotAll = false): string {
  return new Translation(source, dotAll).run();
}

class Translation {
  readonly #source: string;
  readonly #dot: string;
  #at = 0;

  constructor(source: string, dotAll: boolean) {
    this.#source = source;
    this.#dot = dotAll ? `[${rangeText([0, LAST])}]` : `[^${rangeText(LINE_ENDS)}]`;
  }

  run(): string {
    let text = '';
    while (this.#at < this.#source.length) text += this.#term();
    return text;
  }

  #term(): string {
    const char = this.#source[this.#at] ?? '';
    switch (char) {
      case '\\':
        return this.#escape(false);
      case '[':
        return this.#class();
      case '(':
        return this.#group();
      case '.':
        this.#at++;
        return this.#dot;
      case '{':
      case '}':
      case '^':
      case '$':
      case '|':
      case ')':
      case '*':
      case '+':
      case '?':
      case ',':
        this.#at++;
        return char;
      default:
        return this.#literal();
    }
  }

  #literal(): string {
    const code = this.#source.codePointAt(this.#at) ?? 0;
    this.#at += code > 0xffff ? 2 : 1;
    return characterText(code);
  }

  #group(): string {
    const rest = this.#source.slice(this.#at);
    const kind = /^\((?:\?(?:<(?![=!])|<?[=!]|:)?)?/.exec(rest)?.[0] ?? '(';
    this.#at += kind.length;
    if (kind === '(' || kind === '(?:') return kind;
    if (kind === '(?<') {
      const name = rest.slice(kind.length, rest.indexOf('>'));
      if (!groupName.test(name)) {
        throw new PatternRefusal(`has a group named "${name}": use ASCII letters, digits and _, and no digit first`);
      }
      this.#at += name.length + 1;
      return `(?P<${name}>`;
    }
    const what = { '(?=': 'look-ahead', '(?!': 'look-ahead', '(?<=': 'look-behind', '(?<!': 'look-behind' }[kind];
    if (what === undefined)
      throw new PatternRefusal('has flags within a group, which are not supported: write the pattern without them');
    throw new PatternRefusal(
      `has a ${what}, "${kind}…)", which cannot be matched in linear time: match the text around it too, and name the part that you want as a group`,
    );
  }

  /** Translates an escape. `bare`: the escape is within a class. Otherwise it becomes a class of its own. */
  #escape(bare: boolean): string {
    const char = this.#source[this.#at + 1] ?? '';
    const wrapped = (ranges: readonly number[]): string => (bare ? rangeText(ranges) : `[${rangeText(ranges)}]`);
    switch (char) {
      case 'd':
      case 'D':
      case 'w':
      case 'W':
        this.#at += 2;
        return `\\${char}`;
      case 's':
      case 'S':
        this.#at += 2;
        return wrapped(char === 's' ? SPACES : complement(SPACES));
      case 'p':
      case 'P':
        return this.#property(char);
      case 'k':
        throw backReference(/^\\k<[^>]*>/.exec(this.#source.slice(this.#at))?.[0] ?? '\\k');
      case 'b':
      case 'B':
        if (bare) break;
        this.#at += 2;
        return `\\${char}`;
    }
    if (/[1-9]/.test(char)) throw backReference(`\\${char}`);
    return characterText(this.#escapedCode());
  }

  #property(kind: 'p' | 'P'): string {
    const written = /^\\[pP]\{([^}]*)\}/.exec(this.#source.slice(this.#at));
    this.#at += written?.[0].length ?? 2;
    return `\\${kind}{${(written?.[1] ?? '').replace(/^(?:Script|sc|General_Category|gc)=/, '')}}`;
  }

  /** The code point of an escape that stands for one character. */
  #escapedCode(): number {
    const rest = this.#source.slice(this.#at + 1, this.#at + 12);
    const consume = (length: number, code: number): number => {
      this.#at += 1 + length;
      return code;
    };
    const pair = /^u(d[89ab][0-9a-f]{2})\\u(d[c-f][0-9a-f]{2})/i.exec(rest);
    if (pair !== null) {
      const [high, low] = [Number.parseInt(pair[1] ?? '', 16), Number.parseInt(pair[2] ?? '', 16)];
      return consume(pair[0].length, 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00));
    }
    const hex = /^(?:x([0-9a-f]{2})|u([0-9a-f]{4})|u\{([0-9a-f]+)\})/i.exec(rest);
    if (hex !== null) return consume(hex[0].length, Number.parseInt(hex[1] ?? hex[2] ?? hex[3] ?? '', 16));
    if (rest.startsWith('c')) return consume(2, rest.charCodeAt(1) % 32);
    if (rest.startsWith('b')) return consume(1, 8);
    const char = rest[0] ?? '';
    return consume(1, controls[char] ?? char.charCodeAt(0));
  }

  #class(): string {
    const negated = this.#source[this.#at + 1] === '^';
    this.#at += negated ? 2 : 1;
    let parts = '';
    while (this.#source[this.#at] !== ']') {
      if (this.#at >= this.#source.length) throw new PatternRefusal('has a "[" without its "]"');
      const isRange = this.#source[this.#at] === '-' && parts !== '' && this.#source[this.#at + 1] !== ']';
      if (isRange) {
        this.#at++;
        parts += '-';
      }
      parts += this.#source[this.#at] === '\\' ? this.#escape(true) : this.#literal();
    }
    this.#at++;
    // `[]` matches nothing and `[^]` everything. RE2 would read the bracket as a character.
    if (parts === '') return `[${negated ? '' : '^'}${rangeText([0, LAST])}]`;
    return `[${negated ? '^' : ''}${parts}]`;
  }
}

function backReference(text: string): PatternRefusal {
  return new PatternRefusal(
    `has a back-reference, "${text}", which cannot be matched in linear time: name both parts as groups, and compare them where they arrive`,
  );
}

/** A character as itself if it has no special meaning, otherwise as an escape. */
function characterText(code: number): string {
  const char = String.fromCodePoint(code);
  return /^[A-Za-z0-9 ]$/.test(char) ? char : `\\x{${code.toString(16)}}`;
}

/** Pairs of first and last code point, in the syntax of a class. */
function rangeText(ranges: readonly number[]): string {
  let text = '';
  for (let i = 0; i < ranges.length; i += 2) {
    text += `${characterText(ranges[i] ?? 0)}-${characterText(ranges[i + 1] ?? 0)}`;
  }
  return text;
}

function complement(ranges: readonly number[]): number[] {
  return [0, ...ranges.flatMap((code, i) => (i % 2 === 0 ? code - 1 : code + 1)), LAST];
}
