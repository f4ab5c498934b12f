import { isAddressKey } from '../../source/quota-key.ts';

interface Share<T> {
  /** The weight of each member, in the order in which they were added. */
  readonly members: Map<T, number>;
  weight: number;
}

/** The largest share is searched again when it has shrunk to this part of its weight when it was found. */
const TOLERANCE = 7 / 8;

/** The shares of a common table by quota key: they tell which address has most of it when the table is full. */
export class QuotaShares<T> {
  readonly #shares = new Map<string, Share<T>>();
  #largest: string | undefined;
  /** The weight of the largest share when it was found. */
  #found = 0;

  /** Adds a member. A member that exists already becomes the newest. */
  add(quotaKey: string, member: T, weight: number): void {
    this.delete(quotaKey, member);
    const share = this.#shares.get(quotaKey) ?? { members: new Map<T, number>(), weight: 0 };
    this.#shares.set(quotaKey, share);
    share.members.set(member, weight);
    share.weight += weight;
    if (isAddressKey(quotaKey) && share.weight > this.weightOf(this.#largest)) this.#note(quotaKey, share.weight);
  }

  delete(quotaKey: string, member: T): void {
    const share = this.#shares.get(quotaKey);
    const weight = share?.members.get(member);
    if (share === undefined || weight === undefined) return;
    share.members.delete(member);
    share.weight -= weight;
    if (share.members.size === 0) this.#shares.delete(quotaKey);
  }

  weightOf(quotaKey: string | undefined): number {
    return quotaKey === undefined ? 0 : (this.#shares.get(quotaKey)?.weight ?? 0);
  }

  /** The members of a quota key, in the order in which they were added. */
  membersOf(quotaKey: string): Iterable<T> {
    return this.#shares.get(quotaKey)?.members.keys() ?? [];
  }

  /**
   * The address with the largest share, or nearly the largest. The search visits every quota key, so it is not repeated
   * after each eviction.
   */
  get largest(): string | undefined {
    const weight = this.weightOf(this.#largest);
    if (weight > 0 && weight >= this.#found * TOLERANCE) return this.#largest;
    this.#note(undefined, 0);
    for (const [quotaKey, share] of this.#shares) {
      if (isAddressKey(quotaKey) && share.weight > this.#found) this.#note(quotaKey, share.weight);
    }
    return this.#largest;
  }

  #note(quotaKey: string | undefined, weight: number): void {
    this.#largest = quotaKey;
    this.#found = weight;
  }
}
