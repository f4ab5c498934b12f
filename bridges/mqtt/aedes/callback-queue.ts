/** Told that it is its turn, or that what it waited for failed. */
type Turn = (error?: Error) => void;

interface Place {
  readonly lane: number;
  readonly turn: Turn;
  settled: boolean;
  /** What it waited for failed. */
  error?: Error;
}

/**
 * A queue in which everyone is called in the order of arrival, whatever order what they wait for happens in: messages
 * of one client keep their order though some of them are being accepted elsewhere.
 *
 * A lane is how a broker treats a message once it is called: 0 at once, any other number in some microtasks, the same
 * for all of a lane. So a message is called in the next turn of the loop where the one before it went by another lane
 * that is slower; otherwise it would overtake.
 */
export class CallbackQueue {
  readonly #places: Place[] = [];
  #laneInUse = 0;
  #broken = false;

  /** How many wait. */
  get length(): number {
    return this.#places.length;
  }

  /**
   * Calls `turn` once `accepted` has resolved and everyone before has been called; within this call where it can.
   * Where `accepted` rejects, `turn` gets the error, and those behind it are never called: the connection is over.
   */
  enter(accepted: Promise<void> | undefined, lane: number, turn: Turn): void {
    if (this.#broken) return;
    if (accepted === undefined && this.#places.length === 0 && this.#isOpen(lane)) {
      this.#call(lane, turn);
      return;
    }
    const place: Place = { lane, turn, settled: accepted === undefined };
    this.#places.push(place);
    accepted?.then(
      () => {
        place.settled = true;
        this.#advance();
      },
      (error: unknown) => {
        place.settled = true;
        place.error = error instanceof Error ? error : new Error(String(error));
        this.#advance();
      },
    );
  }

  #isOpen(lane: number): boolean {
    return this.#laneInUse === 0 || this.#laneInUse === lane;
  }

  #call(lane: number, turn: Turn): void {
    if (lane !== 0 && this.#laneInUse === 0) {
      this.#laneInUse = lane;
      setImmediate(() => {
        this.#laneInUse = 0;
        this.#advance();
      });
    }
    turn();
  }

  #advance(): void {
    let done = 0;
    for (const place of this.#places) {
      if (!place.settled || !this.#isOpen(place.lane)) break;
      done += 1;
      if (place.error !== undefined) {
        this.#broken = true;
        this.#places.length = 0;
        place.turn(place.error);
        return;
      }
      this.#call(place.lane, place.turn);
    }
    if (done > 0) this.#places.splice(0, done);
  }
}
