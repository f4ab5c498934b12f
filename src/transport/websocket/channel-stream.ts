import { Duplex } from 'node:stream';
import { errorMessage } from '../../base/error-message.ts';
import type { FrameChannel, FrameReceiver } from '../../link/frame-channel.ts';

/** Bytes that may wait in the channel before the stream applies backpressure. */
const HIGH_WATER = 64 * 1024;

/** A channel as a stream of bytes, for a protocol that does not depend on frames. */
export class ChannelStream extends Duplex {
  readonly #channel: FrameChannel;
  #waiting: (() => void) | undefined;
  #ended = false;

  constructor(channel: FrameChannel) {
    super({ allowHalfOpen: false, highWaterMark: HIGH_WATER });
    this.#channel = channel;
    const receiver: FrameReceiver = {
      receiveFrame: frame => {
        if (!this.push(frame)) channel.pause();
      },
      drained: () => this.#continueWriting(),
      refuse: error => channel.end('violation', errorMessage(error)),
      closed: () => {
        this.push(null);
        this.#continueWriting();
      },
    };
    channel.attach(receiver);
  }

  override _read(): void {
    this.#channel.resume();
  }

  override _write(chunk: Uint8Array, _encoding: BufferEncoding, done: () => void): void {
    this.#channel.write(chunk);
    if (this.#channel.queuedBytes < HIGH_WATER) done();
    else this.#waiting = done;
  }

  override _final(done: () => void): void {
    this.#ended = true;
    this.#channel.end('normal', '');
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    // After `end`, the channel waits for the peer's close frame, at most `closeGrace`.
    if (!this.#ended || error !== null) this.#channel.destroy(error?.message ?? 'closed');
    done(error);
  }

  #continueWriting(): void {
    const done = this.#waiting;
    this.#waiting = undefined;
    done?.();
  }
}
