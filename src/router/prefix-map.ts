/**
 * Prefixes by *characters*: a map, and the distinct lengths that occur in it, so that a look-up costs one slice for
 * each length and not one comparison for each prefix. [advanced/pubsub_pattern_based_subscription: prefix matching]
 */
export class PrefixMap<T> {
  readonly #values = new Map<string, T>();
  /** How many prefixes have each length, and the lengths in ascending order. */
  readonly #counts = new Map<number, number>();
  #lengths: number[] = [];

  get size(): number {
    return this.#values.size;
  }

  /** Distinct lengths, which is what a look-up costs. */
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
    return true;
  }

  /** Adds the value of every prefix of `uri` to `found`, the shortest first. */
  matchAll(uri: string, found: T[]): void {
    for (const length of this.#lengths) {
      if (length > uri.length) return;
      const value = this.#values.get(uri.slice(0, length));
      if (value !== undefined) found.push(value);
    }
  }

  /** The value of the longest prefix of `uri`. */
  longest(uri: string): T | undefined {
    for (let i = this.#lengths.length - 1; i >= 0; i--) {
      const length = this.#lengths[i];
      if (length === undefined || length > uri.length) continue;
      const value = this.#values.get(uri.slice(0, length));
      if (value !== undefined) return value;
    }
    return undefined;
  }

  /** Whether a prefix of `uri` is here that does not cut one of its components in two. */
  endsBetweenComponents(uri: string): boolean {
    for (const length of this.#lengths) {
      if (length > uri.length) return false;
      const between = length === 0 || length === uri.length || uri[length] === '.' || uri[length - 1] === '.';
      if (between && this.#values.has(uri.slice(0, length))) return true;
    }
    return false;
  }
}
