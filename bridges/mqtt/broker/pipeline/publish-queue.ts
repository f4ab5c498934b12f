import { type Clock, systemClock } from '../../../../src/base/clock.ts';
import type { MessageVerdict } from '../../source/mqtt-source.ts';
import type { BrokerMessage } from '../messages/broker-message.ts';

/** A staged message: the write that has to be on disk before it is released. */
export interface Committing {
  readonly committed: Promise<void>;
}

/** What is done with a message, in this order. */
export interface PublishSteps<Staged extends Committing> {
  /**
   * Whether a message has to wait for a subscriber that is behind; then `advance` is called when it may go on. Absent:
   * none has to.
   */
  mustWait?(message: BrokerMessage, advance: () => void): boolean;
  /** It is accepted: what has to be on disk before anyone hears of it is written. Undefined where nothing has to be. */
  stage(message: BrokerMessage, id: number, verdict: MessageVerdict): Staged | undefined;
  /** It is on disk: subscribers get it, and whoever published it the acknowledgement. */
  release(message: BrokerMessage, id: number, staged: Staged | undefined, verdict: MessageVerdict): void;
  /** It was not accepted, or could not be written: it is as if it had never come. */
  refuse(message: BrokerMessage, id: number, error: Error, staged: Staged | undefined): void;
  /** An error that is ours. */
  failed(error: unknown): void;
  /** Some messages are through; perhaps nothing is left in the line. */
  progressed(): void;
}

interface PendingPublish<Staged> {
  readonly message: BrokerMessage;
  readonly id: number;
  /** Undefined until there is one. */
  verdict: MessageVerdict | undefined;
  committed: boolean;
  staged: Staged | undefined;
  refused: boolean;
}

/** Places that are through are let go of when they are so many, and half of all. */
const MANY = 256;

/**
 * Messages that are staged in one turn of the event loop, if many have waited for a subscriber: at most, and in the first
 * turn. Fewer, if they have many receivers: they should take so many milliseconds, within a factor of two.
 */
const TURN_MESSAGES = 200;
const FIRST_MESSAGES = 50;
const BATCH_MILLISECONDS = 0.5;
/** Messages that may be on their way to the disk before more of those that have waited are staged. */
const MAX_UNWRITTEN = 500;

/**
 * The messages of one client in the order in which they came, whatever order they are accepted and written in. Writes
 * overlap: the next message is staged while the one before is being written. A message that has to wait for a subscriber
 * holds up those behind it.
 */
export class PublishQueue<Staged extends Committing = Committing> {
  readonly #steps: PublishSteps<Staged>;
  readonly #clock: Clock;
  readonly #failed = (error: unknown): void => this.#steps.failed(error);
  #batch = FIRST_MESSAGES;
  #places: PendingPublish<Staged>[] = [];
  /** The first place that is not through, and the first that is not staged. */
  #first = 0;
  #next = 0;
  #bytes = 0;
  #waiting = false;
  #open = false;
  /** Set from the end of one turn's work until the next turn. */
  #resting = false;
  readonly #advanceAgain = (): void => {
    this.#waiting = false;
    this.#advance();
  };

  constructor(steps: PublishSteps<Staged>, clock: Clock = systemClock) {
    this.#steps = steps;
    this.#clock = clock;
  }

  get length(): number {
    return this.#places.length - this.#first;
  }

  /** What waits for a subscriber, in bytes. */
  get parkedBytes(): number {
    return this.#bytes;
  }

  /** Whether its first message waits for a subscriber. */
  get waiting(): boolean {
    return this.#waiting;
  }

  enqueue(message: BrokerMessage, id: number, verdict: MessageVerdict | Promise<MessageVerdict>): void {
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
      .catch(this.#failed);
  }

  /** No message waits for a subscriber any more: the client is gone, or the broker stops. */
  stopWaiting(): void {
    this.#open = true;
    this.#waiting = false;
    this.#advance();
  }

  #enterJudged(message: BrokerMessage, id: number, verdict: MessageVerdict): void {
    if (this.length > 0 || this.#mustWait(message, verdict)) {
      this.#place(message, id, verdict);
      if (!this.#waiting) this.#advance();
      return;
    }
    const staged = this.#steps.stage(message, id, verdict);
    if (staged === undefined) this.#steps.release(message, id, undefined, verdict);
    else this.#commit(this.#place(message, id, verdict), staged);
  }

  #mustWait(message: BrokerMessage, verdict: MessageVerdict): boolean {
    if (this.#waiting) return true;
    if (this.#open || verdict !== 'pass' || message.qos === 0) return false;
    this.#waiting = this.#steps.mustWait?.(message, this.#advanceAgain) === true;
    return this.#waiting;
  }

  #place(message: BrokerMessage, id: number, verdict: MessageVerdict | undefined): PendingPublish<Staged> {
    const place: PendingPublish<Staged> = { message, id, verdict, committed: false, staged: undefined, refused: false };
    // It may stay for seconds.
    if (this.#waiting) message.ownPayload();
    this.#bytes += message.size;
    this.#places.push(place);
    return place;
  }

  /** Stages what has waited, but only so much in one turn: a subscriber may have held up thousands of messages. */
  #advance(): void {
    if (this.#resting) return;
    const begun = this.#clock.monotonic();
    const batch = this.#batch;
    let count = 0;
    for (let place = this.#places[this.#next]; place?.verdict !== undefined; place = this.#places[this.#next]) {
      // The answer of the store to those goes on.
      if (this.#next - this.#first >= MAX_UNWRITTEN) break;
      if (count === batch) {
        this.#rest();
        break;
      }
      if (this.#mustWait(place.message, place.verdict)) break;
      count += 1;
      const staged = this.#steps.stage(place.message, place.id, place.verdict);
      if (staged !== undefined) {
        this.#commit(place, staged);
        continue;
      }
      this.#next += 1;
      place.committed = true;
      // At once if it can be: whether the next one has to wait depends on it.
      if (this.#next === this.#first + 1) this.#releaseFirst(place);
    }
    if (count === batch) this.#batch = batchAfter(batch, this.#clock.monotonic() - begun);
    this.#finish();
  }

  #rest(): void {
    this.#resting = true;
    setImmediate(() => {
      this.#resting = false;
      try {
        if (!this.#waiting) this.#advance();
      } catch (error) {
        this.#steps.failed(error);
      }
    });
  }

  #commit(place: PendingPublish<Staged>, staged: Staged): void {
    this.#next += 1;
    place.staged = staged;
    staged.committed
      .then(
        () => this.#answered(place),
        (error: unknown) => {
          place.refused = true;
          this.#steps.refuse(place.message, place.id, asError(error), staged);
          this.#answered(place);
        },
      )
      .catch(this.#failed);
  }

  #answered(place: PendingPublish<Staged>): void {
    place.committed = true;
    this.#finish();
    if (this.#waiting || this.#next === this.#places.length) return;
    // Half of them go together, so that the next write is a large one.
    if (this.#next - this.#first <= MAX_UNWRITTEN / 2) this.#advance();
  }

  #releaseFirst({ message, id, staged, verdict, refused }: PendingPublish<Staged>): void {
    this.#first += 1;
    this.#bytes -= message.size;
    if (!refused && verdict !== undefined) this.#steps.release(message, id, staged, verdict);
  }

  #finish(): void {
    for (let place = this.#places[this.#first]; place?.committed === true; place = this.#places[this.#first]) {
      this.#releaseFirst(place);
    }
    if (this.#first === 0) return;
    if (this.#first === this.#places.length || (this.#first >= MANY && this.#first * 2 > this.#places.length)) {
      this.#places = this.#places.slice(this.#first);
      this.#next -= this.#first;
      this.#first = 0;
    }
    this.#steps.progressed();
  }

  /** Those behind it are not accepted either: the client is disconnected, and has not been told of them. */
  #refuseFrom(place: PendingPublish<Staged>, error: Error): void {
    const index = this.#places.indexOf(place);
    if (index < this.#first) return;
    for (const { message, id } of this.#places.splice(index)) {
      this.#bytes -= message.size;
      this.#steps.refuse(message, id, error, undefined);
    }
    this.#steps.progressed();
  }
}

/** The size of the next batch, where the last has taken so long. */
function batchAfter(batch: number, milliseconds: number): number {
  if (milliseconds < BATCH_MILLISECONDS / 2) return Math.min(2 * batch, TURN_MESSAGES);
  if (milliseconds <= 2 * BATCH_MILLISECONDS) return batch;
  return Math.max(Math.floor((batch * BATCH_MILLISECONDS) / milliseconds), 1);
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
