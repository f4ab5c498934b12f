const POINT = 0x2e;

/**
 * A node of a tree of URIs or wildcard patterns. Consecutive components without a branch or value form one node. So a
 * tree has fewer than two nodes for each value, for any number of components.
 */
export class TreeNode<T> {
  /** The components between the parent and this node, separated by dots. An empty component is a wildcard. */
  label: string;
  value: T | undefined;
  /** The child whose label begins with an empty component. */
  any: TreeNode<T> | undefined;
  /** The other children by the first component of their labels. */
  named: Map<string, TreeNode<T>> | undefined;

  constructor(label: string) {
    this.label = label;
  }
}

/** A map from URIs or wildcard patterns to values, as a radix tree of components. */
export class ComponentTree<T> {
  /** The label of the root is not used. */
  readonly root = new TreeNode<T>('');
  #nodes = 0;

  /** Nodes below the root: the measure of memory. */
  get nodeCount(): number {
    return this.#nodes;
  }

  get(key: string): T | undefined {
    let node = this.root;
    for (let at = 0; at <= key.length; ) {
      const next = childOf(node, componentAt(key, at));
      if (next === undefined) return undefined;
      const end = at + next.label.length;
      if (!key.startsWith(next.label, at) || (end < key.length && key.charCodeAt(end) !== POINT)) return undefined;
      node = next;
      at = end + 1;
    }
    return node.value;
  }

  set(key: string, value: T): void {
    let node = this.root;
    for (let at = 0; at <= key.length; ) {
      const next = childOf(node, componentAt(key, at));
      if (next === undefined) {
        const leaf = new TreeNode<T>(key.slice(at));
        this.#nodes++;
        setChild(node, leaf);
        node = leaf;
        break;
      }
      const shared = sharedLength(next.label, key, at);
      node = shared === next.label.length ? next : this.#split(node, next, shared);
      at += shared + 1;
    }
    node.value = value;
  }

  /** Removes a value and the nodes that only led to it. Returns false if the key is unknown. */
  delete(key: string): boolean {
    let above = this.root;
    let parent = this.root;
    let node = this.root;
    for (let at = 0; at <= key.length; ) {
      const next = childOf(node, componentAt(key, at));
      if (next === undefined) return false;
      const shared = sharedLength(next.label, key, at);
      if (shared !== next.label.length) return false;
      above = parent;
      parent = node;
      node = next;
      at += shared + 1;
    }
    if (node.value === undefined) return false;
    node.value = undefined;
    if (childCount(node) > 0) {
      // A copy, so that the label does not keep the deleted key in memory.
      node.label = copyOf(node.label);
      this.#join(parent, node);
      return true;
    }
    deleteChild(parent, node);
    this.#nodes--;
    if (parent !== this.root) this.#join(above, parent);
    return true;
  }

  /** Inserts a node between `parent` and `node`, after the first `length` characters of the label of `node`. */
  #split(parent: TreeNode<T>, node: TreeNode<T>, length: number): TreeNode<T> {
    const middle = new TreeNode<T>(copyOf(node.label.slice(0, length)));
    this.#nodes++;
    setChild(parent, middle);
    node.label = node.label.slice(length + 1);
    setChild(middle, node);
    return middle;
  }

  /** Merges `node` with its child if it has no value and exactly one child. */
  #join(parent: TreeNode<T>, node: TreeNode<T>): void {
    if (node.value !== undefined || childCount(node) !== 1) return;
    const [only = node.any] = node.named?.values() ?? [];
    if (only === undefined) return;
    only.label = copyOf(`${node.label}.${only.label}`);
    setChild(parent, only);
    this.#nodes--;
  }
}

/** The component that begins at `at`. */
export function componentAt(key: string, at: number): string {
  const end = key.indexOf('.', at);
  return end < 0 ? key.slice(at) : key.slice(at, end);
}

export function childOf<T>(node: TreeNode<T>, component: string): TreeNode<T> | undefined {
  return component === '' ? node.any : node.named?.get(component);
}

/**
 * Matches the components of `pattern` with the components of `uri` from `at`. An empty component matches any one.
 * Returns the index after the dot that follows the match, `uri.length + 1` after the last component, or -1 if they do
 * not match.
 */
export function follow(pattern: string, uri: string, at: number): number {
  let from = at;
  for (let i = 0; ; i++) {
    if (from > uri.length) return -1;
    if (i === pattern.length || pattern.charCodeAt(i) === POINT) {
      const end = uri.indexOf('.', from);
      from = end < 0 ? uri.length : end;
    } else {
      for (; i < pattern.length; i++, from++) {
        const code = pattern.charCodeAt(i);
        if (code === POINT) break;
        if (uri.charCodeAt(from) !== code) return -1;
      }
      if (from < uri.length && uri.charCodeAt(from) !== POINT) return -1;
    }
    from++;
    if (i >= pattern.length) return from;
  }
}

/** The length of the whole components that `label` has in common with `key` from `at`: at least one component. */
function sharedLength(label: string, key: string, at: number): number {
  let shared = 0;
  for (let i = 0; ; i++) {
    const [ends, goesOn] = [i === label.length, at + i < key.length && key.charCodeAt(at + i) !== POINT];
    if (ends || label.charCodeAt(i) === POINT) {
      if (goesOn) return shared;
      shared = i;
      if (ends || at + i >= key.length) return shared;
    } else if (at + i >= key.length || label.charCodeAt(i) !== key.charCodeAt(at + i)) {
      return shared;
    }
  }
}

function childCount<T>({ any, named }: TreeNode<T>): number {
  return (any === undefined ? 0 : 1) + (named?.size ?? 0);
}

function setChild<T>(parent: TreeNode<T>, node: TreeNode<T>): void {
  const component = componentAt(node.label, 0);
  if (component === '') {
    parent.any = node;
    return;
  }
  parent.named ??= new Map();
  // In V8 a substring keeps its whole source string in memory, and this key may live longer than the source.
  const known = parent.named.has(component);
  parent.named.set(known ? component : copyOf(component), node);
}

function deleteChild<T>(parent: TreeNode<T>, node: TreeNode<T>): void {
  const component = componentAt(node.label, 0);
  if (component === '') parent.any = undefined;
  else if (parent.named?.delete(component) === true && parent.named.size === 0) parent.named = undefined;
}

/** A copy that shares no memory with its source. */
function copyOf(text: string): string {
  return text.split('').join('');
}
