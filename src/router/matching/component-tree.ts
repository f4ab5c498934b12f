const POINT = 0x2e;

/**
 * A node of a tree of URIs or wildcard patterns. Components that lead past no branch and no value are one node, so that
 * a tree has fewer than two nodes for each value, however many components it has.
 */
export class TreeNode<T> {
  /** The components that lead here from the node above, with points between them; an empty one is a wildcard's. */
  label: string;
  value: T | undefined;
  /** What goes on with an empty component. */
  any: TreeNode<T> | undefined;
  /** What goes on with another one, by that component. */
  named: Map<string, TreeNode<T>> | undefined;

  constructor(label: string) {
    this.label = label;
  }
}

/** Values by URIs or wildcard patterns, in a tree by their components. */
export class ComponentTree<T> {
  /** Its label is of no meaning. */
  readonly root = new TreeNode<T>('');
  #nodes = 0;

  /** Nodes below the root, which is what the memory goes into. */
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

  /** Removes a value, and the branches that led to nothing else. False where there is none. */
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
      // What it was cut from is gone, and is not kept in memory for this.
      node.label = copyOf(node.label);
      this.#join(parent, node);
      return true;
    }
    deleteChild(parent, node);
    this.#nodes--;
    if (parent !== this.root) this.#join(above, parent);
    return true;
  }

  /** Puts a node between `parent` and `node`, behind the first `length` characters of the label of `node`. */
  #split(parent: TreeNode<T>, node: TreeNode<T>, length: number): TreeNode<T> {
    const middle = new TreeNode<T>(copyOf(node.label.slice(0, length)));
    this.#nodes++;
    setChild(parent, middle);
    node.label = node.label.slice(length + 1);
    setChild(middle, node);
    return middle;
  }

  /** Makes one node of `node` and the only one below it, where it has no value and there is one. */
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
 * Where in `uri` the components of `pattern` end that begin at `at`, an empty one of which stands for any one: behind the
 * point that follows, so behind the end of the text after its last component. -1 where they do not match.
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

/** The characters of the components at the beginning of `label` that `key` has from `at` on, at least one component. */
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
  // A piece of a text keeps the whole of it in memory, and the key may outlive what it was cut from.
  const known = parent.named.has(component);
  parent.named.set(known ? component : copyOf(component), node);
}

function deleteChild<T>(parent: TreeNode<T>, node: TreeNode<T>): void {
  const component = componentAt(node.label, 0);
  if (component === '') parent.any = undefined;
  else if (parent.named?.delete(component) === true && parent.named.size === 0) parent.named = undefined;
}

/** The same text in memory of its own. */
function copyOf(text: string): string {
  return text.split('').join('');
}
