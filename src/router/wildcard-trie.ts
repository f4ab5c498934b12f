const POINT = 0x2e;

class Node<T> {
  value: T | undefined;
  any: Node<T> | undefined;
  readonly named = new Map<string, Node<T>>();
}

/**
 * Wildcard patterns by their components: an empty component stands for any one component.
 * [advanced/pubsub_pattern_based_subscription: wildcard matching]
 */
export class WildcardTrie<T> {
  readonly #root = new Node<T>();
  /** How many patterns have each number of components: a URI with another number matches none. */
  readonly #counts: number[] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Nodes below the root, which is what the memory goes into. */
  get nodeCount(): number {
    return countBelow(this.#root);
  }

  get(pattern: string): T | undefined {
    let node: Node<T> | undefined = this.#root;
    for (const component of pattern.split('.')) {
      node = component === '' ? node.any : node.named.get(component);
      if (node === undefined) return undefined;
    }
    return node.value;
  }

  set(pattern: string, value: T): void {
    let node = this.#root;
    for (const component of pattern.split('.')) {
      let next = component === '' ? node.any : node.named.get(component);
      if (next === undefined) {
        next = new Node<T>();
        if (component === '') node.any = next;
        else node.named.set(component, next);
      }
      node = next;
    }
    if (node.value === undefined) this.#count(pattern, 1);
    node.value = value;
  }

  /** Removes a pattern, and the branches that led to nothing else. */
  delete(pattern: string): boolean {
    const components = pattern.split('.');
    const path: Node<T>[] = [];
    let node: Node<T> = this.#root;
    for (const component of components) {
      path.push(node);
      const next = component === '' ? node.any : node.named.get(component);
      if (next === undefined) return false;
      node = next;
    }
    if (node.value === undefined) return false;
    node.value = undefined;
    this.#count(pattern, -1);
    for (let i = components.length - 1; i >= 0; i--) {
      if (node.value !== undefined || node.any !== undefined || node.named.size > 0) break;
      const parent = path[i];
      const component = components[i];
      if (parent === undefined || component === undefined) break;
      if (component === '') parent.any = undefined;
      else parent.named.delete(component);
      node = parent;
    }
    return true;
  }

  /** Adds the value of every pattern that matches `uri` to `found`. */
  matchAll(uri: string, found: T[]): void {
    if (this.#mayMatch(uri)) collect(this.#root, uri.split('.'), 0, found);
  }

  /**
   * The value of the pattern with the longest literal portion before its first wildcard, then the longest second
   * portion, and so on. Patterns that match the same URI differ first where one has a literal and the other a wildcard,
   * and there the literal's portion is the longer one: so the literal branch is tried first at every component.
   * [advanced/rpc_pattern_based_registration]
   */
  best(uri: string): T | undefined {
    return this.#mayMatch(uri) ? first(this.#root, uri.split('.'), 0) : undefined;
  }

  /** Without taking it apart. */
  #mayMatch(uri: string): boolean {
    return this.#size > 0 && (this.#counts[componentCount(uri)] ?? 0) > 0;
  }

  #count(pattern: string, change: 1 | -1): void {
    this.#size += change;
    const components = componentCount(pattern);
    while (this.#counts.length <= components) this.#counts.push(0);
    this.#counts[components] = (this.#counts[components] ?? 0) + change;
  }
}

function componentCount(uri: string): number {
  let count = 1;
  for (let i = 0; i < uri.length; i++) if (uri.charCodeAt(i) === POINT) count++;
  return count;
}

function countBelow<T>({ any, named }: Node<T>): number {
  let count = any === undefined ? 0 : 1 + countBelow(any);
  for (const node of named.values()) count += 1 + countBelow(node);
  return count;
}

function collect<T>(node: Node<T>, components: readonly string[], at: number, found: T[]): void {
  const component = components[at];
  if (component === undefined) {
    if (node.value !== undefined) found.push(node.value);
    return;
  }
  const named = node.named.get(component);
  if (named !== undefined) collect(named, components, at + 1, found);
  if (node.any !== undefined) collect(node.any, components, at + 1, found);
}

function first<T>(node: Node<T>, components: readonly string[], at: number): T | undefined {
  const component = components[at];
  if (component === undefined) return node.value;
  const named = node.named.get(component);
  const found = named === undefined ? undefined : first(named, components, at + 1);
  if (found !== undefined || node.any === undefined) return found;
  return first(node.any, components, at + 1);
}
