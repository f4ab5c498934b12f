import { errorMessage } from '../../base/error-message.ts';
import type { EndKind, FrameChannel, FrameReceiver } from '../../link/frame-channel.ts';
import type { Answer, LongPollRequests } from './requests.ts';

export interface LongPollDialChannelOptions {
  readonly requests: LongPollRequests;
  /** The transport's id. */
  readonly transport: string;
  /** The HTTP content type of a send. */
  readonly contentType: string;
  /** Whether frames are batches. Several joined batches are one batch. */
  readonly batched: boolean;
}

const EMPTY = new Uint8Array(0);

/** The client's side of frames over HTTP. One receive is always open. One send at a time keeps the order. */
export class LongPollDialChannel implements FrameChannel {
  readonly maxFrame = Number.POSITIVE_INFINITY;
  readonly #options: LongPollDialChannelOptions;
  readonly #abort = new AbortController();
  #receiver: FrameReceiver | undefined;
  #frames: Uint8Array[] = [];
  #bytes = 0;
  #sending = false;
  #receiving = false;
  #paused = true;
  #state: 'open' | 'ending' | 'over' = 'open';

  constructor(options: LongPollDialChannelOptions) {
    this.#options = options;
  }

  get queuedBytes(): number {
    return this.#bytes;
  }

  attach(receiver: FrameReceiver): void {
    this.#receiver = receiver;
    this.resume();
  }

  write(frame: Uint8Array): void {
    if (this.#state !== 'open') return;
    this.#frames.push(frame);
    this.#bytes += frame.length;
    if (!this.#sending) void this.#send();
  }

  end(_kind: EndKind, reason: string): void {
    if (this.#state !== 'open') return;
    this.#state = 'ending';
    if (!this.#sending) void this.#leave(reason);
  }

  destroy(reason: string): void {
    this.#over(reason);
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    if (!this.#receiving) void this.#receive();
  }

  async #receive(): Promise<void> {
    this.#receiving = true;
    while (!this.#paused && this.#state === 'open') {
      const answer = await this.#post('receive', EMPTY);
      if (answer === undefined) break;
      if (answer.status === 200) this.#receiver?.receiveFrame(answer.body);
      else if (answer.status !== 204) this.#refused('receive', answer);
    }
    this.#receiving = false;
  }

  async #send(): Promise<void> {
    this.#sending = true;
    // With batches, the frames of this turn are sent together.
    await Promise.resolve();
    while (this.#frames.length > 0 && this.#state !== 'over') {
      const count = this.#options.batched ? this.#frames.length : 1;
      const body = Buffer.concat(this.#frames.splice(0, count));
      const answer = await this.#post('send', body);
      this.#bytes = Math.max(0, this.#bytes - body.length);
      if (answer === undefined) break;
      // After 400, a receive brings ABORT with the reason.
      if (answer.status !== 202 && answer.status !== 400) this.#refused('send', answer);
      if (this.#state === 'open') this.#receiver?.drained();
    }
    this.#sending = false;
    if (this.#state === 'ending') await this.#leave('closed');
  }

  async #leave(reason: string): Promise<void> {
    await this.#post('close', EMPTY);
    this.#over(reason);
  }

  /** Undefined if there is no answer. The channel is closed then. */
  async #post(action: string, body: Uint8Array): Promise<Answer | undefined> {
    const { requests, transport, contentType } = this.#options;
    try {
      return await requests.post(`${transport}/${action}`, contentType, body, this.#abort.signal);
    } catch (error) {
      this.#over(`connection lost: ${errorMessage(error)}`);
      return undefined;
    }
  }

  #refused(action: string, { status, body }: Answer): void {
    this.#over(`${action} was answered with ${status} (${Buffer.from(body).toString().slice(0, 100).trim()})`);
  }

  #over(reason: string): void {
    if (this.#state === 'over') return;
    this.#state = 'over';
    this.#frames = [];
    this.#bytes = 0;
    this.#abort.abort();
    this.#options.requests.close();
    queueMicrotask(() => this.#receiver?.closed(reason));
  }
}
