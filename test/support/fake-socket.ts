import { Duplex } from 'node:stream';

/** A socket that records each write to the system, and accepts it at once or on request. */
export class FakeSocket extends Duplex {
  readonly writes: Buffer[][] = [];
  /** While it stalls, `writes` holds the written buffers without copies, to detect later changes to them. */
  stalled = false;
  #waiting: (() => void) | undefined;

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.#accept([chunk], done);
  }

  override _writev(chunks: { chunk: Buffer }[], done: () => void): void {
    this.#accept(
      chunks.map(({ chunk }) => chunk),
      done,
    );
  }

  release(): void {
    this.stalled = false;
    const done = this.#waiting;
    this.#waiting = undefined;
    done?.();
  }

  #accept(chunks: Buffer[], done: () => void): void {
    if (this.stalled) {
      this.writes.push(chunks);
      this.#waiting = done;
    } else {
      // Accepted: the system has its own copy.
      this.writes.push(chunks.map(chunk => Buffer.from(chunk)));
      done();
    }
  }
}
