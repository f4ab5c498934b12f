import type { Qos } from '../../source/mqtt-source.ts';

/** `$share/group/filter`, taken apart. */
export interface SharedName {
  readonly group: string;
  readonly filter: string;
}

interface Member {
  readonly connected: boolean;
  /** Whether much waits for it already. */
  readonly isBehind: boolean;
  /** Whether it does not keep up, so that nobody waits for it. */
  readonly isSlow: boolean;
  readonly acknowledgements: number;
}

/** Who shares the messages of one filter: each message goes to one of them, by turns. [MQTT 5: 4.8.2] */
export class SharedGroup<M extends Member> {
  /** As it was subscribed: `$share/group/filter`. */
  readonly name: string;
  readonly #members: { readonly member: M; readonly qos: Qos }[] = [];
  #turn = 0;

  constructor(name: string) {
    this.name = name;
  }

  get empty(): boolean {
    return this.#members.length === 0;
  }

  /** Whether a member is among them for whom `test` holds. */
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

  /** A member that is an obstacle, if all that are connected are; undefined if one has room, or none is there. */
  obstacle(test: (member: M) => boolean): M | undefined {
    let found: M | undefined;
    for (const { member, qos } of this.#members) {
      // A slow one gets what others have room for no more; it is not waited for.
      if (!member.connected || (member.isSlow && member.isBehind)) continue;
      if (qos === 0 || !test(member)) return undefined;
      // The one that takes most will have room first.
      if (found === undefined || member.acknowledgements > found.acknowledgements) found = member;
    }
    return found;
  }

  /** The next who is connected, if possible one that is not behind. Where nobody is, the next of those who will come back, unless `connected` is asked for. */
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
      else return this.#take(index);
    }
    const crowded = behind ?? slow;
    if (crowded !== undefined) return this.#take(crowded);
    return absent === undefined || connected ? undefined : this.#take(absent);
  }

  #take(index: number) {
    this.#turn = (index + 1) % this.#members.length;
    return this.#members[index];
  }
}
