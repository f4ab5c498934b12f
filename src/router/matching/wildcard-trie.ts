import { ComponentTree, componentAt, follow, type TreeNode } from './component-tree.ts';

const POINT = 0x2e;

/**
 * A map from wildcard patterns to values. An empty component of a pattern matches any one component.
 * [advanced/pubsub_pattern_based_subscription: wildcard matching]
 */
export class WildcardTrie<T> {
  readonly #tree = new ComponentTree<T>();
  /** The number of patterns for each number of components. A URI matches only patterns with as many components. */
  readonly #counts: number[] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Nodes below the root: the measure of memory. */
  get nodeCount(): number {
    return this.#tree.nodeCount;
  }

  get(pattern: string): T | undefined {
    return this.#tree.get(pattern);
  }

  set(pattern: string, value: T): void {
    if (this.#tree.get(pattern) === undefined) this.#count(pattern, 1);
    this.#tree.set(pattern, value);
  }

  /** Removes a pattern and the nodes that only led to it. */
  delete(pattern: string): boolean {
    if (!this.#tree.delete(pattern)) return false;
    this.#count(pattern, -1);
    return true;
  }

  /** Adds the value of every pattern that matches `uri` to `found`. */
  matchAll(uri: string, found: T[]): void {
    if (this.#mayMatch(uri)) collect(this.#tree.root, uri, 0, found);
  }

  /**
   * The value of the pattern with the longest literal portion before its first wildcard, then the longest second
   * portion, and so on. Two patterns that match the same URI first differ at a component that is literal in one and a
   * wildcard in the other. The literal one has the longer portion, so the search tries the literal branch first.
   * [advanced/rpc_pattern_based_registration]
   */
  best(uri: string): T | undefined {
    return this.#mayMatch(uri) ? first(this.#tree.root, uri, 0) : undefined;
  }

  /** Compares the number of components, without splitting the URI. */
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

export function componentCount(uri: string): number {
  let count = 1;
  for (let i = 0; i < uri.length; i++) if (uri.charCodeAt(i) === POINT) count++;
  return count;
}

function collect<T>(node: TreeNode<T>, uri: string, at: number, found: T[]): void {
  if (at > uri.length) {
    if (node.value !== undefined) found.push(node.value);
    return;
  }
  const named = node.named?.get(componentAt(uri, at));
  const end = named === undefined ? -1 : follow(named.label, uri, at);
  if (named !== undefined && end >= 0) collect(named, uri, end, found);
  const { any } = node;
  const anyEnd = any === undefined ? -1 : follow(any.label, uri, at);
  if (any !== undefined && anyEnd >= 0) collect(any, uri, anyEnd, found);
}

function first<T>(node: TreeNode<T>, uri: string, at: number): T | undefined {
  if (at > uri.length) return node.value;
  const named = node.named?.get(componentAt(uri, at));
  const end = named === undefined ? -1 : follow(named.label, uri, at);
  const found = named === undefined || end < 0 ? undefined : first(named, uri, end);
  const { any } = node;
  if (found !== undefined || any === undefined) return found;
  const anyEnd = follow(any.label, uri, at);
  return anyEnd < 0 ? undefined : first(any, uri, anyEnd);
}
