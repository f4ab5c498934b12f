/**
 * The topics that clients with a limit (`retainedTopics`) have retained on MQTT. They may be more than the realm
 * retains, because the realm does not know topics that no rule maps. Clients without a limit are not counted.
 */
export class RetainedTopicsQuota {
  /** By topic: the quota key of its client. */
  readonly #owners = new Map<string, string>();
  /** By quota key. */
  readonly #counts = new Map<string, number>();

  /** Counts a topic for a quota key. Returns false if the limit `most` is reached. */
  reserve(topic: string, quotaKey: string, most: number): boolean {
    if (this.#owners.get(topic) === quotaKey) return true;
    const count = this.#counts.get(quotaKey) ?? 0;
    if (count >= most) return false;
    this.release(topic);
    this.#owners.set(topic, quotaKey);
    this.#counts.set(quotaKey, count + 1);
    return true;
  }

  has(topic: string, quotaKey: string): boolean {
    return this.#owners.get(topic) === quotaKey;
  }

  /** A topic is not retained any more, or by a client without a limit. */
  release(topic: string): void {
    const quotaKey = this.#owners.get(topic);
    if (quotaKey === undefined) return;
    this.#owners.delete(topic);
    const left = (this.#counts.get(quotaKey) ?? 0) - 1;
    if (left > 0) this.#counts.set(quotaKey, left);
    else this.#counts.delete(quotaKey);
  }
}
