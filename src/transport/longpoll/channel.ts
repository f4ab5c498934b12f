import type { ServerResponse } from 'node:http';
import type { Clock, Timer } from '../../base/clock.ts';
import { afterAwake } from '../../base/time/awake-time.ts';
import type { EndKind, FrameChannel, FrameReceiver } from '../../link/frame-channel.ts';
import { answer, answerEmpty, answerText } from '../http/responses.ts';

/** Concurrent sends of one peer. With its receive, this is more than a browser opens to one host. */
const MAX_SENDS = 8;

export interface LongPollChannelOptions {
  /** The HTTP content type of an answer with messages. */
  readonly contentType: string;
  /** Whether one answer contains all waiting messages. Otherwise it contains one message. */
  readonly batched: boolean;
  /** Milliseconds for which a receive is held while no message waits. */
  readonly hold: number;
  /** Milliseconds without any request after which the channel is destroyed. */
  readonly idle: number;
  readonly clock: Clock;
  /** Called when the channel is closed, and answers no further requests. */
  readonly onOver: () => void;
}

interface WaitingSend {
  readonly frame: Uint8Array;
  readonly response: ServerResponse;
}

/**
 * Frames over HTTP requests of the peer. A written frame waits for the next `receive`. A `receive` is held while no
 * frame waits. [advanced/transport_http_longpoll]
 */
export class LongPollChannel implements FrameChannel {
  readonly maxFrame = Number.POSITIVE_INFINITY;
  readonly #options: LongPollChannelOptions;
  #receiver: FrameReceiver | undefined;
  /** With batches, each frame is a batch, and several joined frames are one too. */
  #frames: Uint8Array[] = [];
  #bytes = 0;
  /** The receive that waits for a message. */
  #held: ServerResponse | undefined;
  #holdTimer: Timer | undefined;
  #idleTimer: Timer | undefined;
  /** Bytes of answers that the system has not accepted yet. */
  #unsentBytes = 0;
  #sends: WaitingSend[] = [];
  #sending = 0;
  #paused = false;
  #state: 'open' | 'ending' | 'over' = 'open';
  #kind: EndKind = 'normal';
  #reason = '';

  constructor(options: LongPollChannelOptions) {
    this.#options = options;
    this.#restartIdleTimer();
  }

  get queuedBytes(): number {
    return this.#bytes + this.#unsentBytes;
  }

  attach(receiver: FrameReceiver): void {
    this.#receiver = receiver;
  }

  write(frame: Uint8Array): void {
    if (this.#state !== 'open') return;
    this.#frames.push(frame);
    this.#bytes += frame.length;
    this.#answerReceive();
  }

  end(kind: EndKind, reason: string): void {
    if (this.#state !== 'open') return;
    this.#state = 'ending';
    this.#kind = kind;
    this.#reason = reason;
    this.#refuseSends('The transport is closing');
    if (this.#frames.length === 0) this.destroy(reason);
  }

  destroy(reason: string): void {
    if (this.#state === 'over') return;
    this.#reason ||= reason;
    this.#over();
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    while (!this.#paused && this.#state === 'open') {
      const send = this.#sends.shift();
      if (send === undefined) return;
      this.#deliver(send);
    }
  }

  /** Handles a receive. It is answered as soon as a message waits. */
  receive(response: ServerResponse): void {
    // A peer has one receive at a time, so it has aborted the older one, whose close has not been reported yet.
    const older = this.#detachHeld();
    if (older !== undefined) answerText(older, 400, 'A newer receive has replaced this one');
    this.#restartIdleTimer();
    this.#held = response;
    response.once('close', () => this.#receiveEnded(response));
    this.#answerReceive();
    if (this.#held === response) {
      this.#holdTimer = this.#options.clock.after(this.#options.hold, () => this.#answerEmpty());
    } else if (this.#state === 'open') {
      this.#receiver?.drained();
    }
  }

  /** Whether another send may begin. If so, the caller calls `sent` at its end. */
  beginSend(): boolean {
    if (this.#sending >= MAX_SENDS) return false;
    this.#sending++;
    return true;
  }

  sent(): void {
    this.#sending--;
  }

  /** Handles a send. It is answered when its frame has been delivered. */
  send(frame: Uint8Array, response: ServerResponse): void {
    this.#restartIdleTimer();
    const send = { frame, response };
    if (this.#state !== 'open') answerText(response, 400, 'The transport is closing');
    else if (this.#paused || this.#sends.length > 0) this.#sends.push(send);
    else this.#deliver(send);
  }

  /** Handles the peer's close. */
  close(): void {
    const held = this.#detachHeld();
    if (held !== undefined) answerEmpty(held, 204);
    this.destroy('the peer closed the transport');
  }

  #deliver({ frame, response }: WaitingSend): void {
    this.#receiver?.receiveFrame(frame);
    // ABORT, in the next receive, contains the reason.
    if (this.#violated) answerText(response, 400, this.#reason);
    else answerEmpty(response, 202);
  }

  get #violated(): boolean {
    return this.#state !== 'open' && this.#kind === 'violation';
  }

  /** Answers the held receive, if there is one and a message waits. */
  #answerReceive(): void {
    if (this.#frames.length === 0) return;
    const response = this.#detachHeld();
    if (response === undefined) return;
    const body = this.#options.batched ? Buffer.concat(this.#frames) : (this.#frames.shift() ?? Buffer.alloc(0));
    if (this.#options.batched) this.#frames = [];
    this.#bytes -= body.length;
    this.#unsentBytes += body.length;
    response.once('close', () => this.#answered(response, body.length));
    answer(response, 200, body, { 'Content-Type': this.#options.contentType });
    if (this.#state === 'ending' && this.#frames.length === 0) this.destroy(this.#reason);
  }

  /** Answers the held receive without a message. This keeps proxies from timing out, and detects a lost peer. */
  #answerEmpty(): void {
    const response = this.#detachHeld();
    if (response !== undefined) answerEmpty(response, 204);
  }

  /** A receive has ended. If the peer aborted it, no message is lost. */
  #receiveEnded(response: ServerResponse): void {
    this.#restartIdleTimer();
    if (this.#held === response) this.#detachHeld();
  }

  /** A receive that was answered with messages has ended. */
  #answered(response: ServerResponse, bytes: number): void {
    this.#unsentBytes -= bytes;
    if (!response.writableFinished) this.destroy('connection lost before the answer was sent');
    else if (this.#state === 'open') this.#receiver?.drained();
  }

  #detachHeld(): ServerResponse | undefined {
    const held = this.#held;
    this.#held = undefined;
    this.#holdTimer?.cancel();
    return held;
  }

  /** Restarts the idle timer at any request. The timer has no effect while a request is open. */
  #restartIdleTimer(): void {
    this.#idleTimer?.cancel();
    if (this.#state === 'over') return;
    const { clock, idle } = this.#options;
    this.#idleTimer = afterAwake(clock, idle, () => {
      if (this.#held === undefined && this.#sending === 0) this.destroy('no request from the peer');
      else this.#restartIdleTimer();
    });
  }

  #refuseSends(why: string): void {
    for (const { response } of this.#sends.splice(0)) answerText(response, 400, why);
  }

  // `closed` is called later, because this may run within a call of the receiver.
  #over(): void {
    this.#state = 'over';
    this.#idleTimer?.cancel();
    this.#frames = [];
    this.#bytes = 0;
    const held = this.#detachHeld();
    if (held !== undefined) answerText(held, 404, `The transport is closed: ${this.#reason}`);
    this.#refuseSends('The transport is closed');
    this.#options.onOver();
    queueMicrotask(() => this.#receiver?.closed(this.#reason));
  }
}
