import type { Qos } from '../mqtt-source.ts';

/** `$share/group/filter`, taken apart. */
export interface SharedName {
  readonly group: string;
  readonly filter: string;
}

interface Member {
  readonly connected: boolean;
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

  /** The next who is connected. Where nobody is, the next of those who will come back, unless `connected` is asked for. */
  pick(connected = false, except?: M): { readonly member: M; readonly qos: Qos } | undefined {
    const count = this.#members.length;
    let absent: number | undefined;
    for (let step = 0; step < count; step++) {
      const index = (this.#turn + step) % count;
      const candidate = this.#members[index];
      if (candidate === undefined || candidate.member === except) continue;
      if (candidate.member.connected) return this.#take(index);
      absent ??= index;
    }
    return absent === undefined || connected ? undefined : this.#take(absent);
  }

  #take(index: number) {
    this.#turn = (index + 1) % this.#members.length;
    return this.#members[index];
  }
}
