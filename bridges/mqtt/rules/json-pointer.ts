import { isDict } from '../../../src/wamp/dict.ts';

/** A position within a value, `/ENERGY/Power/0`. [RFC 6901] */
export class JsonPointer {
  readonly #keys: readonly string[];

  /** Throws `TypeError` if `text` is not a JSON pointer. */
  constructor(text: string) {
    if (text !== '' && !text.startsWith('/'))
      throw new TypeError('a JSON pointer must begin with /, as in /ENERGY/Power');
    if (/~(?![01])/.test(text))
      throw new TypeError('in a JSON pointer, ~ must be written as ~0, and / within a key as ~1');
    const keys = text === '' ? [] : text.slice(1).split('/');
    this.#keys = keys.map(key => key.replaceAll('~1', '/').replaceAll('~0', '~'));
  }

  /** The value at this position. Undefined if there is none. */
  find(value: unknown): unknown {
    let here = value;
    for (const key of this.#keys) here = below(here, key);
    return here;
  }

  /** A copy of `value` with a changed value at this position; `value` itself if the position does not exist. */
  change(value: unknown, change: (old: unknown) => unknown): unknown {
    return this.find(value) === undefined ? value : changed(value, this.#keys, change);
  }
}

function below(value: unknown, key: string): unknown {
  if (Array.isArray(value)) return /^(0|[1-9]\d{0,8})$/.test(key) ? value[Number(key)] : undefined;
  return isDict(value) && Object.hasOwn(value, key) ? value[key] : undefined;
}

function changed(value: unknown, keys: readonly string[], change: (old: unknown) => unknown): unknown {
  const [key, ...rest] = keys;
  if (key === undefined) return change(value);
  if (Array.isArray(value)) return value.map((item, i) => (i === Number(key) ? changed(item, rest, change) : item));
  if (!isDict(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [name, name === key ? changed(item, rest, change) : item]),
  );
}
