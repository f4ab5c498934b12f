import type { LevelSpelling } from '../topics/level-spelling.ts';

/** The captures of a topic: levels by name. `#` is present if the template ends in it, joined by `/`. */
export type Captures = Readonly<Record<string, string>>;

/** The spelling of levels on one side: MQTT's levels are literal, WAMP's components are escaped. */
interface Side {
  readonly separator: '/' | '.';
  readonly what: 'MQTT topic' | 'URI';
  /** The characters allowed in literal text of a level. */
  readonly literal: RegExp;
  read(part: string): string | undefined;
  write(level: string): string;
}

const placeholder = /\{([^{}]*)\}/;
const name = /^[a-z][a-z0-9_]*$/i;
const MAX_TEXT = 1024;

/** Text around captures within one level: `sensor-{id}` is [`sensor-`, {id}, ``]. */
interface Part {
  readonly literals: readonly string[];
  readonly captures: readonly string[];
}

/** A template is not valid. `message` says why. */
export class TemplateError extends Error {
  override readonly name = 'TemplateError';
}

/**
 * One side of a rule: `tele/{device}/SENSOR`, `dev.{device}.sensor`. A level may contain text and `{name}`s. `+` is a
 * whole unnamed level, identified by its position. `#` at the end is all further levels, possibly none. Matching and
 * filling are inverse to each other.
 */
export class Template {
  readonly text: string;
  /** The names of its captures, in order: `device`, `+1` for the first `+`, `#`. */
  readonly captures: readonly string[];
  readonly #side: Side;
  readonly #dependencies: readonly Part[];
  readonly #open: boolean;

  private constructor(text: string, side: Side) {
    this.text = text;
    this.#side = side;
    const levels = text.split(side.separator);
    this.#open = levels.at(-1) === '#';
    if (this.#open) levels.pop();
    let plus = 0;
    this.#dependencies = levels.map(level => part(level, side, () => `+${++plus}`));
    this.captures = [...this.#dependencies.flatMap(({ captures }) => captures), ...(this.#open ? ['#'] : [])];
    const twice = this.captures.find((name, index) => this.captures.indexOf(name) !== index);
    if (twice !== undefined) throw new TemplateError(`{${twice}} occurs twice`);
  }

  /** Throws `TemplateError`. */
  static mqtt(text: string): Template {
    return new Template(checked(text), {
      separator: '/',
      what: 'MQTT topic',
      literal: /^[^\p{Cc}]*$/u,
      read: same,
      write: same,
    });
  }

  /** Throws `TemplateError`. */
  static wamp(text: string, { literal, spell, parse }: LevelSpelling): Template {
    return new Template(checked(text), { separator: '.', what: 'URI', literal, read: parse, write: spell });
  }

  /** The captures of a topic or URI. Undefined if it does not match. */
  match(text: string): Captures | undefined {
    const levels = text.split(this.#side.separator);
    if (this.#open ? levels.length < this.#dependencies.length : levels.length !== this.#dependencies.length)
      return undefined;
    // [MQTT-4.7.2-1] Topics that begin with `$` belong to the broker and match only if the template names them.
    if (
      this.#side.separator === '/' &&
      text.startsWith('$') &&
      this.#dependencies[0]?.literals[0]?.startsWith('$') !== true
    ) {
      return undefined;
    }
    const found: Record<string, string> = {};
    for (const [index, part] of this.#dependencies.entries()) {
      if (!this.#matchPart(part, levels[index] ?? '', found)) return undefined;
    }
    if (!this.#open) return found;
    const rest: string[] = [];
    for (const level of levels.slice(this.#dependencies.length)) {
      const read = this.#side.read(level);
      if (read === undefined) return undefined;
      rest.push(read);
    }
    // Zero further levels is distinct from one empty level: `a` and `a/` differ.
    if (rest.length > 0) found['#'] = rest.join('/');
    return found;
  }

  /** The topic or URI for the captures that `match` returned, of this template or one with the same names. */
  fill(captures: Captures): string {
    const { write, separator } = this.#side;
    const levels = this.#dependencies.map(({ literals, captures: names }) =>
      literals.map((literal, i) => literal + (i < names.length ? write(captures[names[i] ?? ''] ?? '') : '')).join(''),
    );
    const rest = captures['#'];
    if (this.#open && rest !== undefined) levels.push(...rest.split('/').map(write));
    return levels.join(separator);
  }

  /**
   * Patterns that together match all URIs of this template, and as few others as possible: the subscriptions of a rule.
   * [advanced/pubsub_pattern_based_subscription]
   */
  get subscriptions(): readonly { readonly topic: string; readonly match: 'exact' | 'prefix' | 'wildcard' }[] {
    const literal = this.#dependencies.map(({ captures, literals }) =>
      captures.length === 0 ? literals.join('') : '',
    );
    if (!this.#open) return [{ topic: literal.join('.'), match: this.captures.length === 0 ? 'exact' : 'wildcard' }];
    const varies = this.#dependencies.findIndex(({ captures }) => captures.length > 0);
    const head = (varies < 0 ? literal : literal.slice(0, varies)).map(component => `${component}.`).join('');
    // A prefix matches by characters: `a.` does not match `a` itself, and `a` would match `ab`.
    const itself = varies < 0 ? [{ topic: literal.join('.'), match: 'exact' as const }] : [];
    return [...itself, { topic: head, match: 'prefix' }];
  }

  #matchPart(part: Part, level: string, found: Record<string, string>): boolean {
    const values = valuesIn(part, level);
    if (values === undefined) return false;
    for (const [i, name] of part.captures.entries()) {
      const value = this.#side.read(values[i] ?? '');
      if (value === undefined) return false;
      found[name] = value;
    }
    return true;
  }
}

function part(level: string, side: Side, nextPlus: () => string): Part {
  if (level === '+') return { literals: ['', ''], captures: [nextPlus()] };
  const [first = '', ...others] = level.split(placeholder);
  const literals = [first, ...others.filter((_, i) => i % 2 === 1)];
  const captures = others.filter((_, i) => i % 2 === 0);
  for (const literal of literals) checkLiteral(literal, level, side);
  const bad = captures.find(capture => !name.test(capture));
  if (bad !== undefined) throw new TemplateError(`{${bad}} is not a valid name: use letters, digits and _`);
  if (captures.length === 0) {
    if (level === '' && side.separator === '.') throw new TemplateError('a component is empty');
    return { literals, captures };
  }
  if (literals.slice(1, -1).includes('')) throw new TemplateError(`the names in "${level}" must be separated by text`);
  return { literals, captures };
}

/**
 * The captures of a part in `level`. Each is as long as possible, the first before the others. Each literal is searched
 * once from the end, so the time grows linearly with the length of the level.
 */
function valuesIn({ literals, captures }: Part, level: string): string[] | undefined {
  const [head = ''] = literals;
  if (captures.length === 0) return level === head ? [] : undefined;
  const tail = literals.at(-1) ?? '';
  // A name that is a whole level may be empty, as the level may. Beside text it must not be empty.
  if (captures.length === 1 && head === '' && tail === '') return [level];
  if (!level.startsWith(head) || !level.endsWith(tail)) return undefined;
  const values: string[] = [];
  let end = level.length - tail.length;
  for (let i = captures.length - 1; i > 0; i--) {
    const literal = literals[i] ?? '';
    const latest = end - 1 - literal.length;
    const at = latest < 0 ? -1 : level.lastIndexOf(literal, latest);
    if (at < 0) return undefined;
    values.unshift(level.slice(at + literal.length, end));
    end = at;
  }
  if (end <= head.length) return undefined;
  values.unshift(level.slice(head.length, end));
  return values;
}

function checkLiteral(literal: string, level: string, { what, separator, literal: allowed }: Side): void {
  if (literal.includes('#'))
    throw new TemplateError('# stands for all further levels: it must be alone and the last level');
  if (/[{}]/.test(literal)) throw new TemplateError(`"${level}" has an unbalanced brace`);
  if (separator === '/' && literal.includes('+'))
    throw new TemplateError('+ stands for a whole level: it must be alone in its level');
  if (!allowed.test(literal)) throw new TemplateError(`"${level}" has a character that is not allowed in ${what}s`);
}

function checked(text: string): string {
  if (text === '') throw new TemplateError('must not be empty');
  if (text.length > MAX_TEXT) throw new TemplateError(`must not be longer than ${MAX_TEXT} characters`);
  return text;
}

function same(text: string): string {
  return text;
}
