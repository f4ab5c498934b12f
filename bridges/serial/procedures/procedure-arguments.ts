import { LinearPattern } from '../../../src/base/patterns/linear-pattern.ts';
import type { Dict } from '../../../src/wamp/dict.ts';
import { ErrorUri, WampError } from '../../../src/wamp/errors.ts';
import type { ArgumentConfig } from '../config/serial-config.ts';

/** Control characters, and unpaired surrogates, which no encoding can represent. */
const unwritable = /[\p{Cc}\p{Cs}]/u;

/** Text that an argument must not contain, so that one command stays one command. */
export interface TextLimits {
  /** Texts that end a command on this line. Empty ones are ignored. */
  readonly terminators: readonly string[];
  readonly encoding: 'utf8' | 'latin1';
}

function invalid(text: string): WampError {
  return new WampError(ErrorUri.InvalidArgument, [text]);
}

/** `"blue"`, `12`, `null`, `a list`: a value for an error message, shortened. */
function shown(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (ArrayBuffer.isView(value)) return 'bytes';
  if (typeof value === 'object' && value !== null) return 'a dictionary';
  const text = typeof value === 'string' ? JSON.stringify(value) : String(value);
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}

/** Checks the arguments of calls against their declaration, and formats each as text. */
export class ProcedureArguments {
  readonly #declared: readonly ArgumentConfig[];
  readonly #limits: TextLimits;
  readonly #patterns = new Map<string, LinearPattern>();

  constructor(declared: readonly ArgumentConfig[], limits: TextLimits) {
    this.#declared = declared;
    this.#limits = { ...limits, terminators: limits.terminators.filter(text => text !== '') };
    for (const argument of declared) {
      if (argument.type === 'string' && argument.pattern !== undefined) {
        this.#patterns.set(argument.name, new LinearPattern(argument.pattern, { whole: true }));
      }
    }
  }

  /**
   * The text of each argument by name. Arguments may be positional in declared order, named, or mixed. Throws
   * `wamp.error.invalid_argument`, which names the argument and the expected value.
   */
  encode(args: readonly unknown[], kwargs: Dict): ReadonlyMap<string, string> {
    if (args.length > this.#declared.length) {
      throw invalid(`takes ${this.#usage()}, got ${args.length} arguments`);
    }
    for (const name of Object.keys(kwargs)) {
      const index = this.#declared.findIndex(argument => argument.name === name);
      if (index < 0) throw invalid(`has no argument ${shown(name)}: it takes ${this.#usage()}`);
      if (index < args.length) throw invalid(`argument "${name}" is given twice, by position and by name`);
    }
    const texts = new Map<string, string>();
    for (const [index, argument] of this.#declared.entries()) {
      const { name } = argument;
      const given = index < args.length ? args[index] : Object.hasOwn(kwargs, name) ? kwargs[name] : undefined;
      const value = given === undefined ? argument.default : given;
      if (value === undefined) throw invalid(`argument "${name}" is missing: it takes ${this.#usage()}`);
      texts.set(name, this.#text(argument, value));
    }
    return texts;
  }

  #text(argument: ArgumentConfig, value: unknown): string {
    switch (argument.type) {
      case 'integer':
      case 'number':
        return numberText(argument, value);
      case 'boolean':
        if (typeof value !== 'boolean') throw mismatch(argument, 'true or false', value);
        return argument.values[value ? 1 : 0];
      case 'enum': {
        const text = typeof value === 'number' ? String(value) : value;
        if (typeof text !== 'string' || !argument.values.includes(text)) {
          throw mismatch(argument, `one of ${argument.values.join(', ')}`, value);
        }
        return text;
      }
      case 'string':
        return this.#string(argument, value);
    }
  }

  #string(argument: Extract<ArgumentConfig, { type: 'string' }>, value: unknown): string {
    if (typeof value !== 'string') throw mismatch(argument, 'a string', value);
    if (value.length > argument.maxLength) {
      throw mismatch(argument, `at most ${argument.maxLength} characters`, value);
    }
    if (unwritable.test(value)) throw mismatch(argument, 'a string without control characters', value);
    const terminator = this.#limits.terminators.find(text => value.includes(text));
    if (terminator !== undefined) {
      throw mismatch(argument, `a string without ${shown(terminator)}, which ends a command`, value);
    }
    if (this.#limits.encoding === 'latin1' && /[\u0100-\uffff]/.test(value)) {
      throw mismatch(argument, 'a string of Latin-1 characters', value);
    }
    const pattern = this.#patterns.get(argument.name);
    if (pattern !== undefined && !pattern.test(value)) {
      throw mismatch(argument, `a string like /${argument.pattern}/`, value);
    }
    return value;
  }

  #usage(): string {
    if (this.#declared.length === 0) return 'no arguments';
    return this.#declared
      .map(argument => (argument.default === undefined ? argument.name : `[${argument.name}]`))
      .join(', ');
  }
}

function mismatch(argument: ArgumentConfig, expected: string, value: unknown): WampError {
  return invalid(`argument "${argument.name}" must be ${expected} (got ${shown(value)})`);
}

function numberText(argument: Extract<ArgumentConfig, { type: 'integer' | 'number' }>, value: unknown): string {
  const { type, min, max } = argument;
  const kind = type === 'integer' ? 'an integer' : 'a number';
  const range =
    min !== undefined && max !== undefined
      ? ` from ${min} to ${max}`
      : min !== undefined
        ? ` of at least ${min}`
        : max !== undefined
          ? ` of at most ${max}`
          : '';
  const fits =
    typeof value === 'number' &&
    (type === 'integer' ? Number.isSafeInteger(value) : Number.isFinite(value)) &&
    value >= (min ?? -Infinity) &&
    value <= (max ?? Infinity);
  if (!fits) throw mismatch(argument, `${kind}${range}`, value);
  // Adding 0 turns -0 into 0, also the -0 of rounding: devices do not expect a negative zero.
  if (argument.type === 'integer' || argument.decimals === undefined) return String(value + 0);
  return (Number(value.toFixed(argument.decimals)) + 0).toFixed(argument.decimals);
}
