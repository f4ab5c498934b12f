import { isAddressKey } from '../../source/quota-key.ts';

interface Share<T> {
  /** What each member takes; the one added first comes first. */
  readonly members: Map<T, number>;
  weight: number;
}

/** The largest share is looked for anew when the one that was found has shrunk to this part of what it was. */
const TOLERANCE = 7 / 8;

/** What each holder has of a table that all share, to tell which address has most of it when there is no room. */
export class QuotaShares<T> {
  readonly #shares = new Map<string, Share<T>>();
  #largest: string | undefined;
  /** What that one had when it was found. */
  #found = 0;

  /** A member that is there already becomes the newest. */
  add(holder: string, member: T, weight: number): void {
    this.delete(holder, member);
    const share = this.#shares.get(holder) ?? { members: new Map<T, number>(), weight: 0 };
    this.#shares.set(holder, share);
    share.members.set(member, weight);
    share.weight += weight;
    if (isAddressKey(holder) && share.weight > this.weightOf(this.#largest)) this.#note(holder, share.weight);
  }

  delete(holder: string, member: T): void {
    const share = this.#shares.get(holder);
    const weight = share?.members.get(member);
    if (share === undefined || weight === undefined) return;
    share.members.delete(member);
    share.weight -= weight;
    if (share.members.size === 0) this.#shares.delete(holder);
  }

  weightOf(holder: string | undefined): number {
    return holder === undefined ? 0 : (this.#shares.get(holder)?.weight ?? 0);
  }

  /** Of a holder, the one added first comes first. */
  membersOf(holder: string): Iterable<T> {
    return this.#shares.get(holder)?.members.keys() ?? [];
  }

  /**
   * The address that has most, or nearly so: looking for it costs a step for each holder, so that is not done each time that
   * it gives something up.
   */
  get largest(): string | undefined {
    const weight = this.weightOf(this.#largest);
    if (weight > 0 && weight >= this.#found * TOLERANCE) return this.#largest;
    this.#note(undefined, 0);
    for (const [holder, share] of this.#shares) {
      if (isAddressKey(holder) && share.weight > this.#found) this.#note(holder, share.weight);
    }
    return this.#largest;
  }

  #note(holder: string | undefined, weight: number): void {
    this.#largest = holder;
    this.#found = weight;
  }
}
