/**
 * A map from prefixes to values. A prefix matches by characters. A look-up walks the URI once and looks up one hash for
 * each distinct length of the prefixes, not for each prefix. It creates no substrings.
 * [advanced/pubsub_pattern_based_subscription: prefix matching]
 */
export class PrefixMap<T> {
  readonly #values = new Map<string, T>();
  /** The prefixes of each hash, nearly always one. */
  readonly #byHash = new Map<number, readonly string[]>();
  /** The number of prefixes of each length, and the lengths in ascending order. */
  readonly #counts = new Map<number, number>();
  #lengths: readonly number[] = [];

  get size(): number {
    return this.#values.size;
  }

  /** Number of distinct lengths: the cost of a look-up. */
  get lengthCount(): number {
    return this.#lengths.length;
  }

  get(prefix: string): T | undefined {
    return this.#values.get(prefix);
  }

  set(prefix: string, value: T): void {
    if (!this.#values.has(prefix)) {
      const count = this.#counts.get(prefix.length) ?? 0;
      this.#counts.set(prefix.length, count + 1);
      if (count === 0) this.#lengths = [...this.#counts.keys()].sort((a, b) => a - b);
      const hash = hashOf(prefix);
      this.#byHash.set(hash, [...(this.#byHash.get(hash) ?? []), prefix]);
    }
    this.#values.set(prefix, value);
  }

  delete(prefix: string): boolean {
    if (!this.#values.delete(prefix)) return false;
    const count = this.#counts.get(prefix.length) ?? 0;
    if (count > 1) {
      this.#counts.set(prefix.length, count - 1);
    } else {
      this.#counts.delete(prefix.length);
      this.#lengths = this.#lengths.filter(length => length !== prefix.length);
    }
    const hash = hashOf(prefix);
    const others = this.#byHash.get(hash)?.filter(other => other !== prefix) ?? [];
    if (others.length === 0) this.#byHash.delete(hash);
    else this.#byHash.set(hash, others);
    return true;
  }

  /** Adds the value of every prefix of `uri` to `found`, the shortest first. */
  matchAll(uri: string, found: T[]): void {
    this.#walk(uri, (_prefix, value) => found.push(value));
  }

  /** The value of the longest prefix of `uri`. */
  longest(uri: string): T | undefined {
    let longest: T | undefined;
    this.#walk(uri, (_prefix, value) => {
      longest = value;
    });
    return longest;
  }

  /** Whether a prefix of `uri` in the map ends between two components. */
  endsBetweenComponents(uri: string): boolean {
    let found = false;
    this.#walk(uri, ({ length }) => {
      found ||= length === 0 || length === uri.length || uri[length] === '.' || uri[length - 1] === '.';
    });
    return found;
  }

  /** Calls back for every prefix of `uri`, the shortest first. */
  #walk(uri: string, matched: (prefix: string, value: T) => void): void {
    let hash = SEED;
    let at = 0;
    for (const length of this.#lengths) {
      if (length > uri.length) return;
      for (; at < length; at++) hash = step(hash, uri.charCodeAt(at));
      const prefixes = this.#byHash.get(hash);
      if (prefixes === undefined) continue;
      for (const prefix of prefixes) {
        const value = prefix.length === length && uri.startsWith(prefix) ? this.#values.get(prefix) : undefined;
        if (value !== undefined) matched(prefix, value);
      }
    }
  }
}

// Random for each process, so that a client cannot choose prefixes with equal hashes.
const SEED = draw();
const FACTOR = draw() | 1;

function draw(): number {
  return crypto.getRandomValues(new Int32Array(1))[0] ?? 0;
}

function step(hash: number, code: number): number {
  const product = Math.imul(hash ^ code, FACTOR);
  return product ^ (product >>> 15);
}

function hashOf(text: string): number {
  let hash = SEED;
  for (let i = 0; i < text.length; i++) hash = step(hash, text.charCodeAt(i));
  return hash;
}
