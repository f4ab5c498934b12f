/** Milliseconds of work within one turn of the event loop, after which what is left waits for the next. */
const TURN_MILLISECONDS = 2;

/** Milliseconds of work for a peer, after which those who wait go before it. */
const QUANTUM_MILLISECONDS = 0.5;

/** Places that were left, at the beginning of a line, before it is copied without them. */
const MANY = 1000;

/** A peer with something to be handled. */
export interface Waiting {
  /** Does a part of its work. False if there was none; otherwise it calls `spend`, and then `next`, when that is done. */
  goOn(): boolean;
}

/** What a peer has had of the turns. */
export class TurnShare {
  /** Milliseconds of its quantum. */
  used = 0;
  /** Those that wait are in line before this place since its last quantum was used up. */
  stamp = 0;
}

/** Those that wait, in order. */
class Line {
  #places: Waiting[] = [];
  #first = 0;
  #left = 0;

  get length(): number {
    return this.#places.length - this.#first;
  }

  /** How many have left it since the start. */
  get left(): number {
    return this.#left;
  }

  push(one: Waiting): void {
    this.#places.push(one);
  }

  shift(): Waiting | undefined {
    const one = this.#places[this.#first];
    if (one === undefined) return undefined;
    this.#left++;
    this.#first++;
    if (this.#first === this.#places.length || this.#first > MANY) {
      this.#places = this.#places.slice(this.#first);
      this.#first = 0;
    }
    return one;
  }
}

/**
 * The turn that all peers share, because they share the event loop of the process: from one check phase of the loop to the
 * next, they are read for so long in all, whatever their number. Those that have more to say wait in line. One that speaks
 * rarely goes before those that speak without pause: it is `new` until it has used its quantum, and again when all who
 * waited then have had their turn (the new and old flows of RFC 8290, section 4.1).
 */
export class SharedTurn {
  #spent = 0;
  readonly #new = new Line();
  readonly #old = new Line();
  #scheduled = false;

  /**
   * Whether a peer is read at once: those who waited when it used up its quantum were read since, and this turn has time left. For
   * what is `brief`, a turn has as much time again: a peer that speaks rarely does not wait for another turn because a peer
   * that speaks without pause came first.
   */
  admits(share: TurnShare, brief: boolean): boolean {
    return this.#spent <= (brief ? 2 * TURN_MILLISECONDS : TURN_MILLISECONDS) && this.#isNew(share);
  }

  /** Whether this turn has time left and no peer waits. */
  get isIdle(): boolean {
    return this.#spent <= TURN_MILLISECONDS && !this.#isWaitedFor;
  }

  /** Counts work of this turn for a peer. */
  spend(share: TurnShare, milliseconds: number): void {
    if (milliseconds <= 0) return;
    this.#spent += milliseconds;
    this.#schedule();
    share.used += milliseconds;
    if (share.used < QUANTUM_MILLISECONDS) return;
    share.used = 0;
    share.stamp = this.#old.left + this.#old.length;
  }

  /** Takes a place in line. */
  wait(one: Waiting, share: TurnShare): void {
    (this.#isNew(share) ? this.#new : this.#old).push(one);
    this.#schedule();
  }

  /** Takes a place behind all others: it has just been read, and has more to say. */
  waitLast(one: Waiting): void {
    this.#old.push(one);
    this.#schedule();
  }

  /** Lets the first in line go on, if this turn has time left. */
  next(): void {
    while (this.#spent <= TURN_MILLISECONDS) {
      const one = this.#new.shift() ?? this.#old.shift();
      if (one === undefined || one.goOn()) return;
    }
  }

  get #isWaitedFor(): boolean {
    return this.#new.length > 0 || this.#old.length > 0;
  }

  #isNew({ stamp }: TurnShare): boolean {
    return this.#old.left >= stamp;
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#spent = 0;
      if (this.#isWaitedFor) this.#schedule();
      this.next();
    });
  }
}

export const sharedTurn = new SharedTurn();
