import type { ServerResponse } from 'node:http';
import type { Clock, Timer } from '../../base/clock.ts';
import { afterAwake } from '../../base/time/awake-time.ts';
import type { EndKind, FrameChannel, FrameReceiver } from '../../link/frame-channel.ts';
import { answer, answerEmpty, answerText } from '../http/responses.ts';

/** SENDs of one peer that may be under way at a time; with its receive, more than a browser opens to one host. */
const MAX_SENDS = 8;

export interface LongPollChannelOptions {
  /** What the bytes of an answer are. */
  readonly contentType: string;
  /** Whether all that waits leaves in one answer; otherwise one message does. */
  readonly batched: boolean;
  /** Milliseconds that a receive is held where there is nothing to say. */
  readonly hold: number;
  /** Milliseconds without any request after which the peer is gone. */
  readonly idle: number;
  readonly clock: Clock;
  /** The channel is of no more use: its requests are answered no longer. */
  readonly onOver: () => void;
}

interface WaitingSend {
  readonly frame: Uint8Array;
  readonly response: ServerResponse;
}

/**
 * Frames over HTTP requests of the peer: what is written waits for the next `receive`, which is held while nothing
 * waits. [advanced/transport_http_longpoll]
 */
export class LongPollChannel implements FrameChannel {
  readonly maxFrame = Number.POSITIVE_INFINITY;
  readonly #options: LongPollChannelOptions;
  #receiver: FrameReceiver | undefined;
  /** In batches each is one, and so are several put together. */
  #frames: Uint8Array[] = [];
  #bytes = 0;
  /** The receive that waits for something to be said. */
  #held: ServerResponse | undefined;
  #holding: Timer | undefined;
  #idle: Timer | undefined;
  /** Bytes of answers that the system has not taken yet. */
  #answering = 0;
  #sends: WaitingSend[] = [];
  #sending = 0;
  #paused = false;
  #state: 'open' | 'ending' | 'over' = 'open';
  #kind: EndKind = 'normal';
  #reason = '';

  constructor(options: LongPollChannelOptions) {
    this.#options = options;
    this.#touch();
  }

  get queuedBytes(): number {
    return this.#bytes + this.#answering;
  }

  attach(receiver: FrameReceiver): void {
    this.#receiver = receiver;
  }

  write(frame: Uint8Array): void {
    if (this.#state !== 'open') return;
    this.#frames.push(frame);
    this.#bytes += frame.length;
    this.#answer();
  }

  end(kind: EndKind, reason: string): void {
    if (this.#state !== 'open') return;
    this.#state = 'ending';
    this.#kind = kind;
    this.#reason = reason;
    this.#refuseSends('the transport closes');
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
      this.#take(send);
    }
  }

  /** A request of the peer asks for messages, and is answered as soon as there is one. */
  receive(response: ServerResponse): void {
    // The peer has given the older one up, and we have not been told yet: it can only have one at a time.
    const older = this.#release();
    if (older !== undefined) answerText(older, 400, 'Another receive has taken the place of this one');
    this.#touch();
    this.#held = response;
    response.once('close', () => this.#gone(response));
    this.#answer();
    if (this.#held === response) {
      this.#holding = this.#options.clock.after(this.#options.hold, () => this.#answerEmpty());
    } else if (this.#state === 'open') {
      this.#receiver?.drained();
    }
  }

  /** Whether another send may begin; the caller says `sent` at its end. */
  beginSend(): boolean {
    if (this.#sending >= MAX_SENDS) return false;
    this.#sending++;
    return true;
  }

  sent(): void {
    this.#sending--;
  }

  /** A request of the peer carries a frame; it is answered once that has been taken. */
  send(frame: Uint8Array, response: ServerResponse): void {
    this.#touch();
    const send = { frame, response };
    if (this.#state !== 'open') answerText(response, 400, 'The transport closes');
    else if (this.#paused || this.#sends.length > 0) this.#sends.push(send);
    else this.#take(send);
  }

  /** The peer leaves. */
  close(): void {
    const held = this.#release();
    if (held !== undefined) answerEmpty(held, 204);
    this.destroy('the peer closed the transport');
  }

  #take({ frame, response }: WaitingSend): void {
    this.#receiver?.receiveFrame(frame);
    // What the frame was wrong with is told in ABORT, which the next receive gets.
    if (this.#violated) answerText(response, 400, this.#reason);
    else answerEmpty(response, 202);
  }

  get #violated(): boolean {
    return this.#state !== 'open' && this.#kind === 'violation';
  }

  /** Gives what waits to the receive that is held, if there are both. */
  #answer(): void {
    if (this.#frames.length === 0) return;
    const response = this.#release();
    if (response === undefined) return;
    const body = this.#options.batched ? Buffer.concat(this.#frames) : (this.#frames.shift() ?? Buffer.alloc(0));
    if (this.#options.batched) this.#frames = [];
    this.#bytes -= body.length;
    this.#answering += body.length;
    response.once('close', () => this.#answered(response, body.length));
    answer(response, 200, body, { 'Content-Type': this.#options.contentType });
    if (this.#state === 'ending' && this.#frames.length === 0) this.destroy(this.#reason);
  }

  /** So that nobody on the way takes the connection for dead, and we learn of a peer that is. */
  #answerEmpty(): void {
    const response = this.#release();
    if (response !== undefined) answerEmpty(response, 204);
  }

  /** A receive is over. One that asked and went away has lost nothing but the question. */
  #gone(response: ServerResponse): void {
    this.#touch();
    if (this.#held === response) this.#release();
  }

  /** A receive that was answered with messages is over. */
  #answered(response: ServerResponse, bytes: number): void {
    this.#answering -= bytes;
    if (!response.writableFinished) this.destroy('the connection was lost before its answer had left');
    else if (this.#state === 'open') this.#receiver?.drained();
  }

  #release(): ServerResponse | undefined {
    const held = this.#held;
    this.#held = undefined;
    this.#holding?.cancel();
    return held;
  }

  /** Any request is a sign of life, and none is missed while one is under way. */
  #touch(): void {
    this.#idle?.cancel();
    if (this.#state === 'over') return;
    const { clock, idle } = this.#options;
    this.#idle = afterAwake(clock, idle, () => {
      if (this.#held === undefined && this.#sending === 0) this.destroy('the peer asks for nothing');
      else this.#touch();
    });
  }

  #refuseSends(why: string): void {
    for (const { response } of this.#sends.splice(0)) answerText(response, 400, why);
  }

  // `closed` is said later: this may run within the work of whoever sends.
  #over(): void {
    this.#state = 'over';
    this.#idle?.cancel();
    this.#frames = [];
    this.#bytes = 0;
    const held = this.#release();
    if (held !== undefined) answerText(held, 404, `The transport is closed: ${this.#reason}`);
    this.#refuseSends('the transport is closed');
    this.#options.onOver();
    queueMicrotask(() => this.#receiver?.closed(this.#reason));
  }
}
