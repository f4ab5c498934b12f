/**
 * Topics that clients with a limit (`retainedTopics`) have retained on MQTT, which may be more than the realm retains: it
 * does not know those that no rule maps. Clients without a limit are not counted.
 */
export class RetainedBudget {
  readonly #holders = new Map<string, string>();
  readonly #counts = new Map<string, number>();

  /** Counts a topic for a holder with this limit. False if the holder has as many others already. */
  reserve(topic: string, holder: string, most: number): boolean {
    if (this.#holders.get(topic) === holder) return true;
    const count = this.#counts.get(holder) ?? 0;
    if (count >= most) return false;
    this.forget(topic);
    this.#holders.set(topic, holder);
    this.#counts.set(holder, count + 1);
    return true;
  }

  has(topic: string, holder: string): boolean {
    return this.#holders.get(topic) === holder;
  }

  /** A topic is retained no longer, or by a client without a limit. */
  forget(topic: string): void {
    const holder = this.#holders.get(topic);
    if (holder === undefined) return;
    this.#holders.delete(topic);
    const left = (this.#counts.get(holder) ?? 0) - 1;
    if (left > 0) this.#counts.set(holder, left);
    else this.#counts.delete(holder);
  }
}
