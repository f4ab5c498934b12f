import type { Qos } from '../../source/mqtt-source.ts';

/** The parts of `$share/group/filter`. */
export interface SharedName {
  readonly group: string;
  readonly filter: string;
}

interface Member {
  readonly connected: boolean;
  /** Whether its queue is long. */
  readonly isBehind: boolean;
  /** Whether it is too slow, so that no publisher waits for it. */
  readonly isSlow: boolean;
  readonly acknowledgements: number;
}

/** The members of a shared subscription. Each message goes to one of them, in rotation. [MQTT 5: 4.8.2] */
export class SharedGroup<M extends Member> {
  /** The subscription as the client wrote it: `$share/group/filter`. */
  readonly name: string;
  readonly #members: { readonly member: M; readonly qos: Qos }[] = [];
  #turn = 0;

  constructor(name: string) {
    this.name = name;
  }

  get empty(): boolean {
    return this.#members.length === 0;
  }

  /** Whether `test` holds for any member. */
  some(test: (member: M, qos: Qos) => boolean): boolean {
    return this.#members.some(({ member, qos }) => test(member, qos));
  }

  set(member: M, qos: Qos): void {
    this.delete(member);
    this.#members.push({ member, qos });
  }

  delete(member: M): void {
    const index = this.#members.findIndex(one => one.member === member);
    if (index < 0) return;
    this.#members.splice(index, 1);
    if (index < this.#turn) this.#turn -= 1;
  }

  /**
   * A member that publishers wait for, if no connected member can take a message. Undefined if one can, or if none is
   * connected.
   */
  obstacle(test: (member: M) => boolean): M | undefined {
    let found: M | undefined;
    for (const { member, qos } of this.#members) {
      // A slow member receives messages that no other member can take. Publishers do not wait for it.
      if (!member.connected || (member.isSlow && member.isBehind)) continue;
      if (qos === 0 || !test(member)) return undefined;
      // The member with the most acknowledgements so far is expected to have capacity first.
      if (found === undefined || member.acknowledgements > found.acknowledgements) found = member;
    }
    return found;
  }

  /**
   * The next connected member, preferably one that is not behind. If no member is connected, the next one that may come
   * back, unless `connected` is set.
   */
  pick(connected = false, except?: M): { readonly member: M; readonly qos: Qos } | undefined {
    const count = this.#members.length;
    let absent: number | undefined;
    let behind: number | undefined;
    let slow: number | undefined;
    for (let step = 0; step < count; step++) {
      const index = (this.#turn + step) % count;
      const candidate = this.#members[index];
      if (candidate === undefined || candidate.member === except) continue;
      if (!candidate.member.connected) absent ??= index;
      else if (candidate.member.isBehind && candidate.member.isSlow) slow ??= index;
      else if (candidate.member.isBehind) behind ??= index;
      else return this.#select(index);
    }
    const crowded = behind ?? slow;
    if (crowded !== undefined) return this.#select(crowded);
    return absent === undefined || connected ? undefined : this.#select(absent);
  }

  #select(index: number) {
    this.#turn = (index + 1) % this.#members.length;
    return this.#members[index];
  }
}
