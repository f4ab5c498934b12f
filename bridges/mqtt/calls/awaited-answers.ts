/** Who waits for messages on which topic: constant work for a message that is no answer. */
export class AwaitedAnswers<Waiting> {
  readonly #byTopic = new Map<string, Waiting[]>();

  /** Those that wait on `topic`, in order of their calls. */
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
