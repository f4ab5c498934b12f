import type { Message } from './message.ts';

interface Node {
  readonly children: Map<string, Node>;
  message: Message | undefined;
}

export interface RetainedLimits {
  readonly maxTopics: number;
  readonly maxBytes: number;
}

/** The last retained message of each topic, found by filters. [MQTT-3.3.1-5] */
export class RetainedMessages {
  readonly #limits: RetainedLimits;
  readonly #root: Node = { children: new Map(), message: undefined };
  #count = 0;
  #bytes = 0;

  constructor(limits: RetainedLimits) {
    this.#limits = limits;
  }

  get count(): number {
    return this.#count;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Whether there is room for the message. One without payload only makes room. */
  accepts(message: Message): boolean {
    if (message.payload.length === 0) return true;
    const old = this.get(message.topic);
    return (
      this.#count + (old === undefined ? 1 : 0) <= this.#limits.maxTopics &&
      this.#bytes + message.size - (old?.size ?? 0) <= this.#limits.maxBytes
    );
  }

  /** Takes the place of what the topic had; an empty payload leaves nothing. [MQTT-3.3.1-10] */
  set(message: Message): void {
    if (message.payload.length === 0) {
      this.#delete(this.#root, message.topic.split('/'), 0);
      return;
    }
    let node = this.#root;
    for (const level of message.topic.split('/')) {
      let child = node.children.get(level);
      if (child === undefined) {
        child = { children: new Map(), message: undefined };
        node.children.set(level, child);
      }
      node = child;
    }
    this.#replace(node, message);
  }

  get(topic: string): Message | undefined {
    let node: Node | undefined = this.#root;
    for (const level of topic.split('/')) {
      node = node.children.get(level);
      if (node === undefined) return undefined;
    }
    return node.message;
  }

  match(filter: string): Message[] {
    const found: Message[] = [];
    this.#match(this.#root, filter.split('/'), 0, found);
    return found;
  }

  #match(node: Node, levels: readonly string[], depth: number, found: Message[]): void {
    const level = levels[depth];
    if (level === undefined) {
      if (node.message !== undefined) found.push(node.message);
    } else if (level === '#') {
      this.#collect(node, depth === 0, found);
    } else if (level === '+') {
      for (const [name, child] of node.children) {
        if (depth > 0 || !name.startsWith('$')) this.#match(child, levels, depth + 1, found);
      }
    } else {
      const child = node.children.get(level);
      if (child !== undefined) this.#match(child, levels, depth + 1, found);
    }
  }

  /** Everything from a node on. [MQTT-4.7.2-1] */
  #collect(node: Node, top: boolean, found: Message[]): void {
    if (node.message !== undefined) found.push(node.message);
    for (const [name, child] of node.children) if (!top || !name.startsWith('$')) this.#collect(child, false, found);
  }

  #replace(node: Node, message: Message | undefined): void {
    if (node.message !== undefined) {
      this.#count -= 1;
      this.#bytes -= node.message.size;
    }
    node.message = message;
    if (message === undefined) return;
    message.keep();
    this.#count += 1;
    this.#bytes += message.size;
  }

  /** Returns whether the node is of no use any more. */
  #delete(node: Node, levels: readonly string[], depth: number): boolean {
    const level = levels[depth];
    if (level === undefined) this.#replace(node, undefined);
    else {
      const child = node.children.get(level);
      if (child !== undefined && this.#delete(child, levels, depth + 1)) node.children.delete(level);
    }
    return node.children.size === 0 && node.message === undefined;
  }
}
