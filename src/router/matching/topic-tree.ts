import type { MatchPolicy } from '../../wamp/uri.ts';
import { ComponentTree, componentAt, follow, type TreeNode } from './component-tree.ts';

/**
 * A set of topics that finds the matches of a pattern. A `PatternTrie` does the opposite: it finds the patterns that
 * match a topic. The cost of a look-up depends on the number of matches, not on the number of topics.
 */
export class TopicTree {
  readonly #tree = new ComponentTree<string>();

  /** Whether the tree has no topics and no nodes. */
  get isEmpty(): boolean {
    return this.#tree.nodeCount === 0;
  }

  /** Number of nodes: the measure of memory. */
  get nodeCount(): number {
    return this.#tree.nodeCount;
  }

  add(topic: string): void {
    this.#tree.set(topic, topic);
  }

  /** Removes a topic and the nodes that only led to it. */
  delete(topic: string): void {
    this.#tree.delete(topic);
  }

  /**
   * The topics that `pattern` matches, in no particular order. Undefined if the search would visit more than `steps`
   * nodes. [advanced/pubsub_pattern_based_subscription]
   */
  matching(
    pattern: string,
    match: Exclude<MatchPolicy, 'exact'>,
    steps = Number.POSITIVE_INFINITY,
  ): string[] | undefined {
    const search = new Search(steps);
    if (match === 'prefix') search.prefix(this.#tree.root, pattern);
    else search.wildcard(this.#tree.root, pattern, 0);
    return search.steps < 0 ? undefined : search.found;
  }
}

class Search {
  readonly found: string[] = [];
  /** Nodes that the search may still visit. Negative after it has been given up. */
  steps: number;

  constructor(steps: number) {
    this.steps = steps;
  }

  /** Finds the topics below `node` that match `pattern` from `at`. */
  wildcard(node: TreeNode<string>, pattern: string, at: number): void {
    if (at > pattern.length) {
      if (node.value !== undefined) this.found.push(node.value);
      return;
    }
    const component = componentAt(pattern, at);
    if (component !== '') {
      const next = node.named?.get(component);
      if (next !== undefined) this.#goOn(next, pattern, at);
      return;
    }
    for (const next of node.named?.values() ?? []) {
      if (this.steps < 0) return;
      this.#goOn(next, pattern, at);
    }
  }

  /** Finds the topics below `node` that begin with `rest`. The last component of `rest` may be incomplete. */
  prefix(node: TreeNode<string>, rest: string): void {
    const point = rest.indexOf('.');
    const whole = point < 0 ? undefined : node.named?.get(rest.slice(0, point));
    const candidates = point < 0 ? (node.named?.values() ?? []) : whole === undefined ? [] : [whole];
    for (const next of candidates) {
      if (--this.steps < 0) return;
      const { label } = next;
      if (label.startsWith(rest)) this.#all(next);
      else if (rest.startsWith(label) && rest.charAt(label.length) === '.') {
        this.prefix(next, rest.slice(label.length + 1));
      }
    }
  }

  #goOn(next: TreeNode<string>, pattern: string, at: number): void {
    if (--this.steps < 0) return;
    const end = followed(next.label, pattern, at);
    if (end >= 0) this.wildcard(next, pattern, end);
  }

  #all(node: TreeNode<string>): void {
    if (node.value !== undefined) this.found.push(node.value);
    for (const next of node.named?.values() ?? []) {
      if (--this.steps < 0) return;
      this.#all(next);
    }
  }
}

/**
 * As `follow`, but the wildcards are in `pattern`, the longer text. Returns the index in `pattern` after the match, or
 * -1.
 */
function followed(label: string, pattern: string, at: number): number {
  let end = at;
  for (let i = 0; i <= label.length; ) {
    if (end > pattern.length) return -1;
    const own = componentAt(label, i);
    const asked = componentAt(pattern, end);
    if (asked !== '' && asked !== own) return -1;
    i += own.length + 1;
    end += asked.length + 1;
  }
  return end;
}

/** Whether `pattern` matches `topic`. */
export function isMatch(topic: string, pattern: string, match: MatchPolicy): boolean {
  if (match === 'exact') return topic === pattern;
  return match === 'prefix' ? topic.startsWith(pattern) : follow(pattern, topic, 0) > topic.length;
}
