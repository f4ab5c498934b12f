import { Duplex } from 'node:stream';
import type { FrameChannel, FrameReceiver } from '../../link/frame-channel.ts';

/** Bytes that may wait in the channel before the stream says that it is full. */
const HIGH_WATER = 64 * 1024;

/** The bytes of a channel's frames, both ways, for a protocol that takes no notice of frames. */
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
      drained: () => this.#goOn(),
      refuse: error => channel.end('violation', error instanceof Error ? error.message : String(error)),
      closed: () => {
        this.push(null);
        this.#goOn();
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
    // One that has said goodbye waits for the answer, for as long as it may.
    if (!this.#ended || error !== null) this.#channel.destroy(error?.message ?? 'closed');
    done(error);
  }

  #goOn(): void {
    const done = this.#waiting;
    this.#waiting = undefined;
    done?.();
  }
}
