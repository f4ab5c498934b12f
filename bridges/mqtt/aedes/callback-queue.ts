import { asError } from '../../../src/base/error-message.ts';

/** Called when it is its turn, or with the error of its condition. */
type Turn = (error?: Error) => void;

interface Place {
  readonly lane: number;
  readonly turn: Turn;
  settled: boolean;
  /** The error of its condition. */
  error?: Error;
}

/**
 * A queue that calls its entries in the order of arrival, regardless of the order in which their conditions resolve. So
 * messages of one client keep their order while some are being accepted.
 * A lane is how a broker processes a message after the call: lane 0 at once, any other lane after some microtasks. The
 * number of microtasks is the same for a lane. A message is called in the next turn of the loop if the previous one
 * used another, slower lane. Otherwise it would overtake.
 */
export class CallbackQueue {
  readonly #places: Place[] = [];
  #laneInUse = 0;
  #broken = false;

  /** The number of waiting entries. */
  get length(): number {
    return this.#places.length;
  }

  /**
   * Calls `turn` when `accepted` has resolved and all earlier entries have been called; within this call if possible.
   * If `accepted` rejects, `turn` receives the error and later entries are never called, because the connection is
   * over.
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
        place.error = asError(error);
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
