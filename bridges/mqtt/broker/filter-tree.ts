interface Node<Key, Value> {
  readonly children: Map<string, Node<Key, Value>>;
  /** Who has subscribed what ends here. */
  readonly here: Map<Key, Value>;
  /** Who has subscribed this and everything below: `#`. */
  readonly below: Map<Key, Value>;
}

/** Topic filters with who has subscribed them, found by the topics that they match. [MQTT-4.7] */
export class FilterTree<Key, Value> {
  readonly #root: Node<Key, Value> = emptyNode();

  /** `filter` is valid. A value of the same key and filter is replaced. */
  set(filter: string, key: Key, value: Value): void {
    let node = this.#root;
    for (const level of filter.split('/')) {
      if (level === '#') {
        node.below.set(key, value);
        return;
      }
      let child = node.children.get(level);
      if (child === undefined) {
        child = emptyNode();
        node.children.set(level, child);
      }
      node = child;
    }
    node.here.set(key, value);
  }

  delete(filter: string, key: Key): void {
    this.#delete(this.#root, filter.split('/'), 0, key);
  }

  /** Calls back with each key and value of the filters that match; with a key once for each such filter. */
  match(topic: string, visit: (key: Key, value: Value) => void): void {
    // Wildcards at the beginning do not match what is the broker's own. [MQTT-4.7.2-1]
    this.#match(this.#root, topic.split('/'), 0, !topic.startsWith('$'), visit);
  }

  #match(
    node: Node<Key, Value>,
    levels: readonly string[],
    depth: number,
    wild: boolean,
    visit: (key: Key, value: Value) => void,
  ): void {
    // `a/#` matches `a` too. [MQTT-4.7.1-2]
    if (wild) for (const [key, value] of node.below) visit(key, value);
    const level = levels[depth];
    if (level === undefined) {
      for (const [key, value] of node.here) visit(key, value);
      return;
    }
    const exact = node.children.get(level);
    if (exact !== undefined) this.#match(exact, levels, depth + 1, true, visit);
    const any = wild ? node.children.get('+') : undefined;
    if (any !== undefined) this.#match(any, levels, depth + 1, true, visit);
  }

  /** Returns whether the node is of no use any more. */
  #delete(node: Node<Key, Value>, levels: readonly string[], depth: number, key: Key): boolean {
    const level = levels[depth];
    if (level === undefined) node.here.delete(key);
    else if (level === '#') node.below.delete(key);
    else {
      const child = node.children.get(level);
      if (child !== undefined && this.#delete(child, levels, depth + 1, key)) node.children.delete(level);
    }
    return node.children.size === 0 && node.here.size === 0 && node.below.size === 0;
  }
}

function emptyNode<Key, Value>(): Node<Key, Value> {
  return { children: new Map(), here: new Map(), below: new Map() };
}
