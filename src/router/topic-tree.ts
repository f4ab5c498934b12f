import type { MatchPolicy } from '../wamp/uri.ts';

class Node {
  /** The topic that ends here. */
  topic: string | undefined;
  readonly below = new Map<string, Node>();
}

/**
 * Topics by their components, asked with patterns: the opposite of a `PatternTrie`, which keeps patterns and is asked
 * with a topic. What a look-up costs depends on what it finds and not on how many topics there are.
 */
export class TopicTree {
  readonly #root = new Node();

  /** Whether there is nothing, and nothing is left of what there was. */
  get isEmpty(): boolean {
    return this.#root.below.size === 0;
  }

  add(topic: string): void {
    let node = this.#root;
    for (const component of topic.split('.')) {
      let next = node.below.get(component);
      if (next === undefined) {
        next = new Node();
        node.below.set(component, next);
      }
      node = next;
    }
    node.topic = topic;
  }

  /** Removes a topic, and the branches that led to nothing else. */
  delete(topic: string): void {
    const path: { readonly parent: Node; readonly component: string }[] = [];
    let node = this.#root;
    for (const component of topic.split('.')) {
      const next = node.below.get(component);
      if (next === undefined) return;
      path.push({ parent: node, component });
      node = next;
    }
    node.topic = undefined;
    for (const { parent, component } of path.reverse()) {
      if (node.topic !== undefined || node.below.size > 0) return;
      parent.below.delete(component);
      node = parent;
    }
  }

  /** The topics that `pattern` matches, in no particular order. [advanced/pubsub_pattern_based_subscription] */
  matching(pattern: string, match: Exclude<MatchPolicy, 'exact'>): string[] {
    const found: string[] = [];
    const components = pattern.split('.');
    if (match === 'prefix') collectPrefix(this.#root, components, 0, found);
    else collectWildcard(this.#root, components, 0, found);
    return found;
  }
}

function collectWildcard(node: Node, components: readonly string[], at: number, found: string[]): void {
  const component = components[at];
  if (component === undefined) {
    if (node.topic !== undefined) found.push(node.topic);
  } else if (component === '') {
    for (const next of node.below.values()) collectWildcard(next, components, at + 1, found);
  } else {
    const next = node.below.get(component);
    if (next !== undefined) collectWildcard(next, components, at + 1, found);
  }
}

/** All components but the last are whole; the last may be cut anywhere. */
function collectPrefix(node: Node, components: readonly string[], at: number, found: string[]): void {
  const component = components[at] ?? '';
  if (at + 1 < components.length) {
    const next = node.below.get(component);
    if (next !== undefined) collectPrefix(next, components, at + 1, found);
    return;
  }
  for (const [name, next] of node.below) if (name.startsWith(component)) collectAll(next, found);
}

function collectAll(node: Node, found: string[]): void {
  if (node.topic !== undefined) found.push(node.topic);
  for (const next of node.below.values()) collectAll(next, found);
}
