/**
 * One or more levels of a filter. A path without branches is one node, so the memory follows the number and the text of
 * the filters, not their levels. Maps are created when they are needed.
 */
interface Node<Key, Value> {
  /** Levels, separated by `/`. */
  label: string;
  /** Child nodes by their first level. */
  children: Map<string, Node<Key, Value>> | undefined;
  /** The subscribers of the filter that ends here. */
  here: Map<Key, Value> | undefined;
  /** The subscribers of this node and all levels below: `#`. */
  below: Map<Key, Value> | undefined;
}

/** A slice of a string of at least this length keeps the whole string in memory. */
const SLICE_LENGTH = 13;
const NO_MATCH = -1;
const [SLASH, PLUS] = [0x2f, 0x2b];

/** Topic filters with their subscribers, found by the topics that they match. [MQTT-4.7] */
export class FilterTree<Key, Value> {
  readonly #root: Node<Key, Value> = emptyNode('');
  #nodes = 0;

  /** Number of nodes beside the root: at most two for each filter. */
  get nodes(): number {
    return this.#nodes;
  }

  /** Adds a subscriber of a valid filter, or replaces its value. */
  set(filter: string, key: Key, value: Value): void {
    const path = pathOf(filter);
    const node = path === undefined ? this.#root : this.#open(path);
    if (path === filter) {
      node.here ??= new Map();
      node.here.set(key, value);
    } else {
      node.below ??= new Map();
      node.below.set(key, value);
    }
  }

  delete(filter: string, key: Key): void {
    const path = pathOf(filter);
    const ancestors: Node<Key, Value>[] = [];
    const node = path === undefined ? this.#root : this.#find(path, ancestors);
    if (node === undefined) return;
    if (path === filter) {
      if (node.here?.delete(key) === true && node.here.size === 0) node.here = undefined;
    } else if (node.below?.delete(key) === true && node.below.size === 0) node.below = undefined;
    this.#tidy(node, ancestors);
  }

  /**
   * Calls `visit` with the subscribers of all filters that match a topic. A key is visited once for each of its
   * filters.
   */
  match(topic: string, visit: (key: Key, value: Value) => void): void {
    // A leading wildcard does not match topics that begin with `$`. [MQTT-4.7.2-1]
    this.#match(this.#root, topic, 0, !topic.startsWith('$'), visit);
  }

  /** `at`: index of the next level of the topic; behind its end if no level is left. */
  #match(
    { below, here, children }: Node<Key, Value>,
    topic: string,
    at: number,
    wild: boolean,
    visit: (key: Key, value: Value) => void,
  ): void {
    // `a/#` matches `a` too. [MQTT-4.7.1-2]
    if (wild && below !== undefined) for (const [key, value] of below) visit(key, value);
    if (at > topic.length) {
      if (here !== undefined) for (const [key, value] of here) visit(key, value);
      return;
    }
    if (children === undefined) return;
    this.#descend(children.get(levelAt(topic, at)), topic, at, visit);
    if (wild) this.#descend(children.get('+'), topic, at, visit);
  }

  #descend(
    child: Node<Key, Value> | undefined,
    topic: string,
    at: number,
    visit: (key: Key, value: Value) => void,
  ): void {
    if (child === undefined) return;
    const next = follow(child.label, topic, at);
    if (next !== NO_MATCH) this.#match(child, topic, next, true, visit);
  }

  #open(path: string): Node<Key, Value> {
    let node = this.#root;
    for (let at = 0; at <= path.length; ) {
      const level = levelAt(path, at);
      const child = node.children?.get(level);
      if (child === undefined) return this.#add(node, path.slice(at));
      const shared = sharedLength(child.label, path, at);
      node = shared === child.label.length ? child : this.#split(node, child, shared);
      at += shared + 1;
    }
    return node;
  }

  #find(path: string, ancestors: Node<Key, Value>[]): Node<Key, Value> | undefined {
    let node = this.#root;
    for (let at = 0; at <= path.length; ) {
      const child = node.children?.get(levelAt(path, at));
      if (child === undefined || sharedLength(child.label, path, at) < child.label.length) return undefined;
      ancestors.push(node);
      node = child;
      at += child.label.length + 1;
    }
    return node;
  }

  #add(parent: Node<Key, Value>, label: string): Node<Key, Value> {
    const node: Node<Key, Value> = emptyNode(ownText(label));
    this.#nodes += 1;
    attach(parent, node);
    return node;
  }

  /** Inserts a node between `parent` and `child`. It takes the first `length` characters of the child's label. */
  #split(parent: Node<Key, Value>, child: Node<Key, Value>, length: number): Node<Key, Value> {
    const upper = this.#add(parent, child.label.slice(0, length));
    child.label = ownText(child.label.slice(length + 1));
    attach(upper, child);
    return upper;
  }

  /** Removes a node without subscribers, or joins it with its only child. */
  #tidy(node: Node<Key, Value>, ancestors: Node<Key, Value>[]): void {
    const parent = ancestors.pop();
    if (parent === undefined || node.here !== undefined || node.below !== undefined) return;
    const { children } = node;
    if (children === undefined) {
      parent.children?.delete(levelAt(node.label, 0));
      if (parent.children?.size === 0) parent.children = undefined;
      this.#nodes -= 1;
      this.#tidy(parent, ancestors);
    } else if (children.size === 1) {
      for (const child of children.values()) {
        child.label = `${node.label}/${child.label}`;
        attach(parent, child);
      }
      this.#nodes -= 1;
    }
  }
}

function emptyNode<Key, Value>(label: string): Node<Key, Value> {
  return { label, children: undefined, here: undefined, below: undefined };
}

function attach<Key, Value>(parent: Node<Key, Value>, child: Node<Key, Value>): void {
  parent.children ??= new Map();
  parent.children.set(ownText(levelAt(child.label, 0)), child);
}

/** The filter without a trailing `#`. Undefined for `#` alone. */
function pathOf(filter: string): string | undefined {
  if (filter === '#') return undefined;
  return filter.endsWith('/#') ? filter.slice(0, -2) : filter;
}

/** The level that begins at `at`. */
function levelAt(path: string, at: number): string {
  const end = path.indexOf('/', at);
  return path.slice(at, end < 0 ? path.length : end);
}

/** Number of characters of the whole levels that a label and the path from `at` on have in common. */
function sharedLength(label: string, path: string, at: number): number {
  let shared = 0;
  for (let index = 0; ; index++) {
    const isLabelEnd = index === label.length || label.charCodeAt(index) === SLASH;
    const isPathEnd = at + index >= path.length || path.charCodeAt(at + index) === SLASH;
    if (isLabelEnd && isPathEnd) shared = index;
    if (index === label.length || at + index >= path.length) return shared;
    if (label.charCodeAt(index) !== path.charCodeAt(at + index)) return shared;
  }
}

/** Index in the topic behind the levels of a label, which may contain `+`. `NO_MATCH` if they do not match. */
function follow(label: string, topic: string, at: number): number {
  let to = at;
  for (let index = 0; index <= label.length; ) {
    if (to > topic.length) return NO_MATCH;
    if (label.charCodeAt(index) === PLUS) {
      index += 2;
      const end = topic.indexOf('/', to);
      to = end < 0 ? topic.length + 1 : end + 1;
      continue;
    }
    const end = label.indexOf('/', index);
    const length = (end < 0 ? label.length : end) - index;
    if (to + length < topic.length && topic.charCodeAt(to + length) !== SLASH) return NO_MATCH;
    for (let one = 0; one < length; one++) {
      if (topic.charCodeAt(to + one) !== label.charCodeAt(index + one)) return NO_MATCH;
    }
    index += length + 1;
    to += length + 1;
  }
  return to;
}

/** A copy that does not keep a longer string in memory. */
function ownText(text: string): string {
  return text.length < SLICE_LENGTH ? text : Buffer.from(text).toString();
}
