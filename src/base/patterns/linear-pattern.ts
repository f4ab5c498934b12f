import { RE2JS, RE2JSException } from 're2js';
import { errorMessage } from '../error-message.ts';
import { PatternRefusal, translatePattern } from './pattern-translation.ts';

/**
 * Instructions that a pattern may compile to. A match takes at most about ten nanoseconds for each instruction and
 * character, so 1000 instructions take ten milliseconds for a line of one kilobyte.
 */
const MAX_INSTRUCTIONS = 1000;

/** Characters that a pattern may have, because parsing takes time as well. */
const MAX_SOURCE = 4096;

export interface LinearPatternOptions {
  /** Whether the pattern has to match the whole text. Default: any part of the text. */
  readonly whole?: boolean;
  /** Whether `.` also matches the ends of lines. Default false. */
  readonly dotAll?: boolean;
}

/** The result of a match. */
export interface LinearMatch {
  /** The text matched. */
  readonly text: string;
  /** The numbered groups, from the first. Undefined for a group that did not take part in the match. */
  readonly groups: readonly (string | undefined)[];
  /** The named groups, in the order of the pattern. Undefined if the pattern has no named group. */
  readonly named: Readonly<Record<string, string | undefined>> | undefined;
}

/**
 * A regular expression of the configuration that is matched against the input of devices and callers. Its syntax is
 * that of JavaScript with the flag `u`. A match takes linear time in the length of the text.
 */
export class LinearPattern {
  readonly source: string;
  /** Instructions that it compiles to. Each takes time for each character of a text. */
  readonly size: number;
  readonly #compiled: RE2JS;
  readonly #names: readonly (readonly [name: string, index: number])[];

  /**
   * Throws `PatternRefusal` if `source` is not supported. Its message continues a sentence that begins with the
   * pattern's name.
   */
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

  /** Why `source` is not supported, as the message of `PatternRefusal`. Undefined if it is supported. */
  static problem(source: string, options?: LinearPatternOptions): string | undefined {
    try {
      new LinearPattern(source, options);
      return undefined;
    } catch (error) {
      return errorMessage(error);
    }
  }

  test(text: string): boolean {
    return this.#compiled.test(text);
  }

  /** The first match in `text`, or undefined. */
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
    // RE2 accepts some patterns that are errors in JavaScript.
    new RegExp(source, 'u');
  } catch (error) {
    throw new PatternRefusal(`is not a regular expression: ${errorMessage(error)}`);
  }
  const translated = translatePattern(source, dotAll);
  try {
    return RE2JS.compile(whole ? `^(?:${translated})$` : translated);
  } catch (error) {
    if (!(error instanceof RE2JSException)) throw error;
    throw new PatternRefusal(`cannot be matched in linear time: ${reason(error.message)}`);
  }
}

/** RE2's message without its prefix, with advice. */
function reason(message: string): string {
  const text = message.replace(/^error parsing regexp: /, '');
  if (text.startsWith('invalid repeat count'))
    return `${text}. A count may be at most 1000, multiplied by the counts within it`;
  if (text.startsWith('invalid character class range: `\\')) return `${text}. This Unicode property is not supported`;
  return text;
}
