import type { Clock, Timer } from '../../../src/base/clock.ts';
import { errorMessage } from '../../../src/base/error-message.ts';
import { afterAwake } from '../../../src/base/time/awake-time.ts';
import { ErrorUri, WampError } from '../../../src/wamp/errors.ts';
import type { Captured } from './captured.ts';

/** The answer of a device: a result, or an error in the device's words. */
export type Reply =
  | { readonly kind: 'result'; readonly value: Captured }
  | { readonly kind: 'refusal'; readonly value: Captured; readonly frame: string };

/** One request to a device, and how to recognize its answer. */
export interface Exchange {
  readonly bytes: Uint8Array;
  /** Milliseconds from the end of the write to the answer. */
  readonly timeout: number;
  /** Repetitions if no answer comes. */
  readonly retries: number;
  /**
   * Returns the reply in `frame`, or undefined if `frame` is not a reply. Without it the transaction ends with the
   * write.
   */
  readonly interpret: ((frame: string) => Reply | undefined) | undefined;
}

export interface TransactionCounters {
  readonly sent: number;
  readonly timeouts: number;
  /** Answers that arrived after their request had timed out. */
  readonly lateReplies: number;
  /** Requests refused because the queue was full. */
  readonly refused: number;
}

export interface TransactionQueueOptions {
  readonly clock: Clock;
  /** Requests that may wait, not counting the active one. */
  readonly depth: number;
  /** Milliseconds of silence to wait for after a missing answer. */
  readonly resyncIdle: number;
  /** Milliseconds to transmit so many bytes. */
  readonly transmitTime: (bytes: number) => number;
  /** Resolves when the system has accepted the bytes. Rejects if the port is disconnected. */
  readonly write: (bytes: Uint8Array) => Promise<void>;
}

class Transaction {
  readonly exchange: Exchange;
  attempts = 0;
  /** The caller has been answered, but the line still waits for the device. */
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

/** Milliseconds during which a late answer is recognized, unless the transaction's own timeout is longer. */
const OVERDUE_FOR = 10_000;

/** The transaction whose late answers may still arrive, how many, and until when. */
interface Overdue {
  readonly until: number;
  readonly interpret: (frame: string) => Reply | undefined;
  left: number;
}

/**
 * Half-duplex access to a line: one request at a time, the next after the answer or the timeout. After a missing answer
 * the queue waits until the line is silent, because a late answer would look like the answer to the next request.
 * Frames that are not answers are left to the publish rules.
 */
export class TransactionQueue {
  readonly #options: TransactionQueueOptions;
  readonly #waiting: Transaction[] = [];
  readonly #counters = { sent: 0, timeouts: 0, lateReplies: 0, refused: 0 };
  #current: Transaction | undefined;
  #deadline: Timer | undefined;
  #overdue: Overdue | undefined;
  /** While the queue waits for silence: the timer of the silence, and the latest end of the wait. */
  #quiet: Timer | undefined;
  #quietUntil = 0;

  constructor(options: TransactionQueueOptions) {
    this.#options = options;
  }

  get counters(): TransactionCounters {
    return this.#counters;
  }

  /** Waiting requests, including the active one. */
  get pending(): number {
    return this.#waiting.length + (this.#current === undefined ? 0 : 1);
  }

  /**
   * Queues `exchange`. Resolves with the reply (undefined if none is expected). Rejects with `wamp.error.timeout`,
   * `wamp.error.unavailable` (queue full), or `wamp.error.canceled` (signal aborted, port lost).
   */
  run(exchange: Exchange, signal?: AbortSignal): Promise<Reply | undefined> {
    if (signal?.aborted) return Promise.reject(canceled('the call was cancelled'));
    const idle = this.#current === undefined && this.#quiet === undefined;
    if (!idle && this.#waiting.length >= this.#options.depth) {
      this.#counters.refused++;
      const text = `${this.#options.depth} calls are already waiting for the serial line`;
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

  /** Consumes `frame` if it answers a request, in time or late. Returns false if it is not an answer. */
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

  /** Bytes arrived: the line is not silent. */
  activity(): void {
    if (this.#quiet !== undefined) this.#awaitQuiet();
  }

  /** Rejects all waiting and active requests, because the port was lost. */
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
    // From the end of the transmission, which is computed: asking the system would block a thread while flow control
    // stops the line. The deadline also covers a write that never ends.
    this.#deadline = afterAwake(clock, timeout + transmitTime(bytes.length), () => this.#expire(transaction));
    write(bytes).then(
      () => {
        if (interpret !== undefined || this.#current !== transaction) return;
        if (!transaction.abandoned) transaction.succeed(undefined);
        this.#finish(transaction, 0);
      },
      (error: unknown) => {
        if (this.#current !== transaction) return;
        const text = errorMessage(error);
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
        // A late answer to the first attempt also answers the second: it is the same command.
        this.#attempt(transaction);
        return;
      }
      const times = transaction.attempts === 1 ? '' : ` (${transaction.attempts} attempts)`;
      const what = interpret === undefined ? 'the serial line did not accept the command' : 'the device did not answer';
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

  /** A line that always sends is never silent, so the transaction's own timeout bounds the wait. */
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
    // A command that was sent cannot be undone. The device gets its time before the next request.
    transaction.abandoned = true;
    transaction.fail(error);
  }
}

function canceled(text: string): WampError {
  return new WampError(ErrorUri.Canceled, [text]);
}
