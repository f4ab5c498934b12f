import type { Verdict } from '../mqtt-source.ts';
import type { Staged } from './distributor.ts';
import type { Message } from './message.ts';

/** What is done with a message, in this order. */
export interface PublishSteps {
  /** It is accepted: what has to be on disk before anyone hears of it is written. Undefined where nothing has to be. */
  stage(message: Message, id: number, verdict: Verdict): Staged | undefined;
  /** It is on disk: subscribers get it, and whoever published it the acknowledgement. */
  release(message: Message, id: number, staged: Staged | undefined, verdict: Verdict): void;
  /** It was not accepted, or could not be written: it is as if it had never come. */
  refuse(message: Message, id: number, error: Error, staged: Staged | undefined): void;
  /** An error that is ours. */
  readonly failed: (error: unknown) => void;
  /** Nothing is left in the line. */
  idle(): void;
}

interface Place {
  readonly message: Message;
  readonly id: number;
  /** Undefined until there is one. */
  verdict: Verdict | undefined;
  committed: boolean;
  staged: Staged | undefined;
  refused: boolean;
}

/**
 * The messages of one client in the order in which they came, whatever order they are accepted and written in. Writes
 * overlap: the next message is staged while the one before is being written.
 */
export class PublishLine {
  readonly #steps: PublishSteps;
  readonly #places: Place[] = [];
  /** How many of the places, from the first on, are staged. */
  #staged = 0;

  constructor(steps: PublishSteps) {
    this.#steps = steps;
  }

  get length(): number {
    return this.#places.length;
  }

  enter(message: Message, id: number, verdict: Verdict | Promise<Verdict>): void {
    if (typeof verdict === 'string') {
      this.#enterJudged(message, id, verdict);
      return;
    }
    const place = this.#place(message, id, undefined);
    verdict
      .then(
        found => {
          place.verdict = found;
          this.#advance();
        },
        (error: unknown) => this.#refuseFrom(place, asError(error)),
      )
      .catch(this.#steps.failed);
  }

  #enterJudged(message: Message, id: number, verdict: Verdict): void {
    if (this.#places.length > 0) {
      this.#place(message, id, verdict);
      this.#advance();
      return;
    }
    const staged = this.#steps.stage(message, id, verdict);
    if (staged === undefined) this.#steps.release(message, id, undefined, verdict);
    else this.#commit(this.#place(message, id, verdict), staged);
  }

  #place(message: Message, id: number, verdict: Verdict | undefined): Place {
    const place = { message, id, verdict, committed: false, staged: undefined, refused: false };
    this.#places.push(place);
    return place;
  }

  #advance(): void {
    for (let place = this.#places[this.#staged]; place?.verdict !== undefined; place = this.#places[this.#staged]) {
      const staged = this.#steps.stage(place.message, place.id, place.verdict);
      if (staged === undefined) {
        this.#staged += 1;
        place.committed = true;
      } else this.#commit(place, staged);
    }
    this.#finish();
  }

  #commit(place: Place, staged: Staged): void {
    this.#staged += 1;
    place.staged = staged;
    staged.committed
      .then(
        () => {
          place.committed = true;
          this.#finish();
        },
        (error: unknown) => {
          place.refused = true;
          place.committed = true;
          this.#steps.refuse(place.message, place.id, asError(error), staged);
          this.#finish();
        },
      )
      .catch(this.#steps.failed);
  }

  #finish(): void {
    let done = 0;
    for (const place of this.#places) {
      if (!place.committed) break;
      done += 1;
      const { message, id, staged, verdict } = place;
      if (!place.refused && verdict !== undefined) this.#steps.release(message, id, staged, verdict);
    }
    if (done === 0) return;
    this.#places.splice(0, done);
    this.#staged -= done;
    if (this.#places.length === 0) this.#steps.idle();
  }

  /** Those behind it are not accepted either: the client is disconnected, and has not been told of them. */
  #refuseFrom(place: Place, error: Error): void {
    const index = this.#places.indexOf(place);
    if (index < 0) return;
    for (const { message, id } of this.#places.splice(index)) this.#steps.refuse(message, id, error, undefined);
    if (this.#places.length === 0) this.#steps.idle();
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
