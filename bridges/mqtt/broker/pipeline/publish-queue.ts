import { type Clock, systemClock } from '../../../../src/base/clock.ts';
import { asError } from '../../../../src/base/error-message.ts';
import type { MessageVerdict } from '../../source/mqtt-source.ts';
import type { BrokerMessage } from '../messages/broker-message.ts';

/** A staged message: the write that has to be on disk before it is released. */
export interface Committing {
  readonly committed: Promise<void>;
}

/** The steps that follow the authorization of a message, in this order. */
export interface PublishSteps<Staged extends Committing> {
  /**
   * Whether a message has to wait for a slow subscriber. If so, `advance` is called when it may go on. Absent: no
   * message has to wait.
   */
  mustWait?(message: BrokerMessage, advance: () => void): boolean;
  /**
   * The message is authorized: writes what has to be on disk before it is released. Returns undefined if it needs no
   * write.
   */
  stage(message: BrokerMessage, id: number, verdict: MessageVerdict): Staged | undefined;
  /** The message is on disk: acknowledges it and delivers it to its subscribers. */
  release(message: BrokerMessage, id: number, staged: Staged | undefined, verdict: MessageVerdict): void;
  /** The message was rejected, or could not be written: undoes `stage` if `staged` is defined. */
  refuse(message: BrokerMessage, id: number, error: Error, staged: Staged | undefined): void;
  /** Reports an exception in one of the steps. */
  failed(error: unknown): void;
  /** Some messages are released. The queue may be empty now. */
  progressed(): void;
}

interface PendingPublish<Staged> {
  readonly message: BrokerMessage;
  readonly id: number;
  /** Undefined until the message is authorized. */
  verdict: MessageVerdict | undefined;
  committed: boolean;
  staged: Staged | undefined;
  refused: boolean;
}

/** Released places are removed from the array when they are so many, and half of it. */
const MANY = 256;

/**
 * Messages that are staged in one turn of the event loop after a wait for a subscriber: at most, and in the first turn.
 * If they have many receivers, fewer are staged: they should take `BATCH_MILLISECONDS`, within a factor of two.
 */
const TURN_MESSAGES = 200;
const FIRST_MESSAGES = 50;
const BATCH_MILLISECONDS = 0.5;
/** Messages that may wait for the store before more messages are staged after a wait. */
const MAX_UNWRITTEN = 500;

/**
 * Releases the messages of one publisher in the order in which they were published, however long their authorization
 * and their writes take. Writes overlap: the next message is staged while the previous one is being written. A message
 * that waits for a slow subscriber blocks those behind it.
 */
export class PublishQueue<Staged extends Committing = Committing> {
  readonly #steps: PublishSteps<Staged>;
  readonly #clock: Clock;
  readonly #failed = (error: unknown): void => this.#steps.failed(error);
  #batch = FIRST_MESSAGES;
  #places: PendingPublish<Staged>[] = [];
  /** Index of the first place that is not released, and of the first one that is not staged. */
  #first = 0;
  #next = 0;
  #bytes = 0;
  #waiting = false;
  #open = false;
  /** Set from the end of a batch until the next turn of the event loop. */
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

  /** Bytes of the messages in the queue. */
  get parkedBytes(): number {
    return this.#bytes;
  }

  /** Whether the first unstaged message waits for a slow subscriber. */
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

  /** The messages wait for no slow subscriber any more, because the client is disconnected. */
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
    // It may stay in the queue for seconds.
    if (this.#waiting) message.ownPayload();
    this.#bytes += message.size;
    this.#places.push(place);
    return place;
  }

  /** Stages waiting messages, one batch in each turn: a slow subscriber may have blocked thousands of them. */
  #advance(): void {
    if (this.#resting) return;
    const begun = this.#clock.monotonic();
    const batch = this.#batch;
    let count = 0;
    for (let place = this.#places[this.#next]; place?.verdict !== undefined; place = this.#places[this.#next]) {
      // The answer of the store continues.
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
      // Released at once if possible, because it decides whether the next message has to wait.
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
    // Half of them are staged together, so that the next write is a large one.
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

  /** The messages behind it are refused too. The client is disconnected, and they are not acknowledged. */
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

/** The size of the next batch, if the last one took `milliseconds`. */
function batchAfter(batch: number, milliseconds: number): number {
  if (milliseconds < BATCH_MILLISECONDS / 2) return Math.min(2 * batch, TURN_MESSAGES);
  if (milliseconds <= 2 * BATCH_MILLISECONDS) return batch;
  return Math.max(Math.floor((batch * BATCH_MILLISECONDS) / milliseconds), 1);
}
