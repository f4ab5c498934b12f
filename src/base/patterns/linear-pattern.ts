import { RE2JS, RE2JSException } from 're2js';
import { PatternRefusal, translatePattern } from './pattern-translation.ts';

/**
 * Instructions that a pattern may compile to. Matching one line takes at most some ten nanoseconds for each instruction
 * and character, so a thousand of them cost ten milliseconds for a line of a kilobyte.
 */
const MAX_INSTRUCTIONS = 1000;

/** Characters that a pattern may have: parsing costs time as well. */
const MAX_SOURCE = 4096;

export interface LinearPatternOptions {
  /** Whether the pattern has to match the whole text. Default: any part of it. */
  readonly whole?: boolean;
  /** Whether `.` also matches the ends of lines. Default false. */
  readonly dotAll?: boolean;
}

/** What a pattern found. */
export interface LinearMatch {
  /** The text matched. */
  readonly text: string;
  /** The numbered groups, from the first on; undefined for one that did not take part. */
  readonly groups: readonly (string | undefined)[];
  /** The named groups in the order in which they stand in the pattern; undefined where there is no named group. */
  readonly named: Readonly<Record<string, string | undefined>> | undefined;
}

/**
 * A regular expression of the configuration that is matched against what devices and callers send. It is written as in
 * JavaScript with the flag `u`, and runs in a time that grows with the length of the text only, whatever the text is.
 */
export class LinearPattern {
  readonly source: string;
  /** Instructions that it compiles to; each costs time for each character of a text. */
  readonly size: number;
  readonly #compiled: RE2JS;
  readonly #names: readonly (readonly [name: string, index: number])[];

  /** Throws an error that says what is wrong with `source`, worded to follow its name. */
  constructor(source: string, { whole = false, dotAll = false }: LinearPatternOptions = {}) {
    this.source = source;
    this.#compiled = compile(source, whole, dotAll);
    this.size = this.#compiled.programSize();
    if (this.size > MAX_INSTRUCTIONS) {
      throw new PatternRefusal(
        `is too large: it compiles to ${this.size} instructions, and ${MAX_INSTRUCTIONS} are allowed. Use smaller counts in {…}`,
      );
    }
    this.#names = Object.entries(this.#compiled.namedGroups()).sort(([, one], [, other]) => one - other);
  }

  /** What is wrong with `source`, worded to follow its name; undefined where nothing is. */
  static problem(source: string, options?: LinearPatternOptions): string | undefined {
    try {
      new LinearPattern(source, options);
      return undefined;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }

  test(text: string): boolean {
    return this.#compiled.test(text);
  }

  /** What the pattern finds in `text` first; undefined where it finds nothing. */
  match(text: string): LinearMatch | undefined {
    const matcher = this.#compiled.matcher(text);
    if (!matcher.find()) return undefined;
    const groups: (string | undefined)[] = [];
    for (let i = 1, count = matcher.groupCount(); i <= count; i++) groups.push(matcher.group(i) ?? undefined);
    if (this.#names.length === 0) return { text: matcher.group(0) ?? '', groups, named: undefined };
    const named: Record<string, string | undefined> = Object.create(null);
    for (const [name, index] of this.#names) named[name] = groups[index - 1];
    return { text: matcher.group(0) ?? '', groups, named };
  }
}

function compile(source: string, whole: boolean, dotAll: boolean): RE2JS {
  if (source.length > MAX_SOURCE) {
    throw new PatternRefusal(`is too large: it has ${source.length} characters, and ${MAX_SOURCE} are allowed`);
  }
  try {
    // JavaScript decides what a regular expression is: RE2 takes some texts for one that are mistakes here.
    new RegExp(source, 'u');
  } catch (error) {
    throw new PatternRefusal(`is not a regular expression: ${error instanceof Error ? error.message : String(error)}`);
  }
  const translated = translatePattern(source, dotAll);
  try {
    return RE2JS.compile(whole ? `^(?:${translated})$` : translated);
  } catch (error) {
    if (!(error instanceof RE2JSException)) throw error;
    throw new PatternRefusal(`cannot be matched in linear time: ${reason(error.message)}`);
  }
}

/** The words of RE2, without its prefix, and with what to do. */
function reason(message: string): string {
  const text = message.replace(/^error parsing regexp: /, '');
  if (text.startsWith('invalid repeat count'))
    return `${text}. A count may be 1000 at most, that of counts within it included`;
  if (text.startsWith('invalid character class range: `\\'))
    return `${text}. This property of Unicode is not supported`;
  return text;
}
