/** Pending calls by the topic of their answer. A message that is not an answer costs constant work. */
export class AwaitedAnswers<Waiting> {
  readonly #byTopic = new Map<string, Waiting[]>();

  /** The pending calls on `topic`, in the order of the calls. */
  on(topic: string): readonly Waiting[] {
    return this.#byTopic.get(topic) ?? [];
  }

  get all(): ReadonlySet<Waiting> {
    return new Set([...this.#byTopic.values()].flat());
  }

  add(topic: string, waiting: Waiting): void {
    const others = this.#byTopic.get(topic);
    if (others === undefined) this.#byTopic.set(topic, [waiting]);
    else others.push(waiting);
  }

  remove(topic: string, waiting: Waiting): void {
    const others = this.#byTopic.get(topic);
    const at = others?.indexOf(waiting) ?? -1;
    if (others === undefined || at < 0) return;
    if (others.length === 1) this.#byTopic.delete(topic);
    else others.splice(at, 1);
  }
}
