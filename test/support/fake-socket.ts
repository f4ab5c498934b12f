import { Duplex } from 'node:stream';

/** A socket that notes each write that the system would see, and takes it at once, or only when told to. */
export class FakeSocket extends Duplex {
  readonly writes: Buffer[][] = [];
  /** While it stalls, `writes` has what was written itself and no copy, to see whether anybody writes to it later. */
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
      // Taken: the system has its own copy.
      this.writes.push(chunks.map(chunk => Buffer.from(chunk)));
      done();
    }
  }
}
