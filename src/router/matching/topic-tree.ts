import type { MatchPolicy } from '../../wamp/uri.ts';
import { ComponentTree, componentAt, follow, type TreeNode } from './component-tree.ts';

/**
 * Topics by their components, asked with patterns: the opposite of a `PatternTrie`, which keeps patterns and is asked
 * with a topic. What a look-up costs depends on what it finds and not on how many topics there are.
 */
export class TopicTree {
  readonly #tree = new ComponentTree<string>();

  /** Whether there is nothing, and nothing is left of what there was. */
  get isEmpty(): boolean {
    return this.#tree.nodeCount === 0;
  }

  /** Nodes, which is what the memory goes into. */
  get nodeCount(): number {
    return this.#tree.nodeCount;
  }

  add(topic: string): void {
    this.#tree.set(topic, topic);
  }

  /** Removes a topic, and the branches that led to nothing else. */
  delete(topic: string): void {
    this.#tree.delete(topic);
  }

  /**
   * The topics that `pattern` matches, in no particular order; undefined where more than `steps` nodes would have to be
   * looked at. [advanced/pubsub_pattern_based_subscription]
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
  /** Nodes that may still be looked at; negative when it has been given up. */
  steps: number;

  constructor(steps: number) {
    this.steps = steps;
  }

  /** What lies below `node` and matches `pattern` from `at` on. */
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

  /** What lies below `node` and begins like `rest`: all components but the last are whole, the last may be cut anywhere. */
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

/** As `follow`, with the wildcards in the longer text: where in `pattern` the components of `label` end. */
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

/** Whether `topic` is one that `pattern` matches. */
export function isMatch(topic: string, pattern: string, match: MatchPolicy): boolean {
  if (match === 'exact') return topic === pattern;
  return match === 'prefix' ? topic.startsWith(pattern) : follow(pattern, topic, 0) > topic.length;
}
