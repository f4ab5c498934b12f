import type { Clock, Timer } from '../../../src/base/clock.ts';
import { afterAwake } from '../../../src/base/time/awake-time.ts';
import { ErrorUri, WampError } from '../../../src/wamp/errors.ts';
import type { Captured } from './captured.ts';

/** What a device answered: a result, or a refusal in its own words. */
export type Reply =
  | { readonly kind: 'result'; readonly value: Captured }
  | { readonly kind: 'refusal'; readonly value: Captured; readonly frame: string };

/** One request to a device and what may answer it. */
export interface Exchange {
  readonly bytes: Uint8Array;
  /** Milliseconds from the end of the write to the answer. */
  readonly timeout: number;
  /** How often it is written again where no answer comes. */
  readonly retries: number;
  /** The reply that `frame` is, or undefined where it is none; without this the exchange ends with the write. */
  readonly interpret: ((frame: string) => Reply | undefined) | undefined;
}

export interface TransactionCounters {
  readonly sent: number;
  readonly timeouts: number;
  /** Answers that came when nobody waited for them any more. */
  readonly lateReplies: number;
  /** Requests refused because the queue was full. */
  readonly refused: number;
}

export interface TransactionQueueOptions {
  readonly clock: Clock;
  /** Requests that may wait, the one on the line not counted. */
  readonly depth: number;
  /** Milliseconds of silence awaited after a missing answer. */
  readonly resyncIdle: number;
  /** Milliseconds that so many bytes take on the line. */
  readonly transmitTime: (bytes: number) => number;
  /** Resolves when the bytes are with the system; rejects where the port is gone. */
  readonly write: (bytes: Uint8Array) => Promise<void>;
}

class Transaction {
  readonly exchange: Exchange;
  attempts = 0;
  /** The caller has been answered; the line still waits for the device. */
  abandoned = false;
  readonly #resolve: (reply: Reply | undefined) => void;
  readonly #reject: (error: Error) => void;
  readonly #detach: () => void;

  constructor(
    exchange: Exchange,
    resolve: (reply: Reply | undefined) => void,
    reject: (error: Error) => void,
    detach: () => void,
  ) {
    this.exchange = exchange;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#detach = detach;
  }

  succeed(reply: Reply | undefined): void {
    this.#detach();
    this.#resolve(reply);
  }

  fail(error: Error): void {
    this.#detach();
    this.#reject(error);
  }
}

/** How long a late answer is known as one, in milliseconds, where the exchange's own timeout is not longer. */
const OVERDUE_FOR = 10_000;

/** The exchange whose answers may still come, how many of them, and until when that is believed. */
interface Overdue {
  readonly until: number;
  readonly interpret: (frame: string) => Reply | undefined;
  left: number;
}

/**
 * The half-duplex rule of a line: one request at a time, the next when the answer has come or its time is over. After
 * a missing answer the line is left alone until it is quiet, so that a late answer is not taken for that of the next
 * request; nothing can tell them apart otherwise. What is no answer is left to whoever publishes it.
 */
export class TransactionQueue {
  readonly #options: TransactionQueueOptions;
  readonly #waiting: Transaction[] = [];
  readonly #counters = { sent: 0, timeouts: 0, lateReplies: 0, refused: 0 };
  #current: Transaction | undefined;
  #deadline: Timer | undefined;
  #overdue: Overdue | undefined;
  /** While the line is left alone: the timer of its silence, and when waiting for silence ends at the latest. */
  #quiet: Timer | undefined;
  #quietUntil = 0;

  constructor(options: TransactionQueueOptions) {
    this.#options = options;
  }

  get counters(): TransactionCounters {
    return this.#counters;
  }

  /** Requests that wait, the one on the line included. */
  get pending(): number {
    return this.#waiting.length + (this.#current === undefined ? 0 : 1);
  }

  /**
   * Runs `exchange` when its turn comes. Resolves with the reply (undefined where none is expected). Rejects with
   * `wamp.error.timeout`, `wamp.error.unavailable` (queue full), `wamp.error.canceled` (signal aborted, port lost).
   */
  run(exchange: Exchange, signal?: AbortSignal): Promise<Reply | undefined> {
    if (signal?.aborted) return Promise.reject(canceled('the call was cancelled'));
    const idle = this.#current === undefined && this.#quiet === undefined;
    if (!idle && this.#waiting.length >= this.#options.depth) {
      this.#counters.refused++;
      const text = `${this.#options.depth} calls wait for the serial line already`;
      return Promise.reject(new WampError(ErrorUri.Unavailable, [text]));
    }
    return new Promise((resolve, reject) => {
      const abort = (): void => this.#abandon(transaction);
      const detach = (): void => signal?.removeEventListener('abort', abort);
      const transaction = new Transaction(exchange, resolve, reject, detach);
      signal?.addEventListener('abort', abort, { once: true });
      this.#waiting.push(transaction);
      this.#next();
    });
  }

  /** Takes `frame` if it answers a request, in time or late. False: it is nobody's answer. */
  frame(frame: string): boolean {
    const current = this.#current;
    const reply = current?.exchange.interpret?.(frame);
    if (current !== undefined && reply !== undefined) {
      if (current.abandoned) this.#counters.lateReplies++;
      else current.succeed(reply);
      // Each earlier attempt may be answered too.
      this.#finish(current, current.attempts - 1);
      return true;
    }
    const overdue = this.#overdue;
    if (overdue === undefined || this.#options.clock.monotonic() > overdue.until) return false;
    if (overdue.interpret(frame) === undefined) return false;
    this.#counters.lateReplies++;
    overdue.left--;
    if (overdue.left === 0) {
      this.#overdue = undefined;
      this.#endQuiet();
    }
    return true;
  }

  /** Something came in: the line is not silent. */
  activity(): void {
    if (this.#quiet !== undefined) this.#awaitQuiet();
  }

  /** Ends everything that waits or is on the line: the port is gone. */
  abort(error: Error): void {
    this.#deadline?.cancel();
    this.#quiet?.cancel();
    this.#quiet = undefined;
    this.#overdue = undefined;
    const ended = this.#current === undefined ? this.#waiting.splice(0) : [this.#current, ...this.#waiting.splice(0)];
    this.#current = undefined;
    for (const transaction of ended) if (!transaction.abandoned) transaction.fail(error);
  }

  #next(): void {
    if (this.#current !== undefined || this.#quiet !== undefined) return;
    const transaction = this.#waiting.shift();
    if (transaction === undefined) return;
    this.#current = transaction;
    this.#attempt(transaction);
  }

  #attempt(transaction: Transaction): void {
    const { clock, transmitTime, write } = this.#options;
    const { bytes, timeout, interpret } = transaction.exchange;
    transaction.attempts++;
    this.#counters.sent++;
    // From the end of the transmission, which is computed: asking the system would block a thread while the other
    // side holds the line with flow control. The deadline covers a write that never ends as well.
    this.#deadline = afterAwake(clock, timeout + transmitTime(bytes.length), () => this.#expire(transaction));
    write(bytes).then(
      () => {
        if (interpret !== undefined || this.#current !== transaction) return;
        if (!transaction.abandoned) transaction.succeed(undefined);
        this.#finish(transaction, 0);
      },
      (error: unknown) => {
        if (this.#current !== transaction) return;
        const text = error instanceof Error ? error.message : String(error);
        if (!transaction.abandoned) transaction.fail(error instanceof WampError ? error : canceled(text));
        this.#finish(transaction, 0);
      },
    );
  }

  #expire(transaction: Transaction): void {
    const { retries, timeout, interpret } = transaction.exchange;
    this.#counters.timeouts++;
    if (!transaction.abandoned) {
      if (transaction.attempts <= retries) {
        // A late answer to the first attempt answers the second as well: it is the same command.
        this.#attempt(transaction);
        return;
      }
      const times = transaction.attempts === 1 ? '' : ` (${transaction.attempts} attempts)`;
      const what = interpret === undefined ? 'the serial line did not take the command' : 'the device did not answer';
      transaction.fail(new WampError(ErrorUri.Timeout, [`${what} within ${timeout} ms${times}`]));
    }
    this.#finish(transaction, transaction.attempts);
  }

  #finish(transaction: Transaction, unanswered: number): void {
    this.#deadline?.cancel();
    this.#current = undefined;
    const { interpret, timeout } = transaction.exchange;
    if (interpret !== undefined && unanswered > 0) {
      const now = this.#options.clock.monotonic();
      this.#overdue = { interpret, left: unanswered, until: now + Math.max(timeout, OVERDUE_FOR) };
      this.#quietUntil = now + Math.max(timeout, this.#options.resyncIdle);
      this.#awaitQuiet();
    } else {
      this.#overdue = undefined;
    }
    this.#next();
  }

  /** A talkative line is never silent: the wait is bounded by the exchange's own timeout. */
  #awaitQuiet(): void {
    const { clock, resyncIdle } = this.#options;
    this.#quiet?.cancel();
    const left = Math.min(resyncIdle, this.#quietUntil - clock.monotonic());
    if (left <= 0) this.#endQuiet();
    else this.#quiet = clock.after(left, () => this.#endQuiet());
  }

  #endQuiet(): void {
    this.#quiet?.cancel();
    this.#quiet = undefined;
    this.#next();
  }

  #abandon(transaction: Transaction): void {
    const error = canceled('the call was cancelled');
    const index = this.#waiting.indexOf(transaction);
    if (index >= 0) {
      this.#waiting.splice(index, 1);
      transaction.fail(error);
      return;
    }
    if (this.#current !== transaction || transaction.abandoned) return;
    // What is on the line cannot be taken back: the device is given its time before the next request.
    transaction.abandoned = true;
    transaction.fail(error);
  }
}

function canceled(text: string): WampError {
  return new WampError(ErrorUri.Canceled, [text]);
}
