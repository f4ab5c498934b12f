/** What a framer has seen, for metrics. */
export interface FramerCounters {
  readonly bytes: number;
  readonly frames: number;
  /** Frames given up because they were longer than allowed; the framer found the next one by itself. */
  readonly overruns: number;
}

/** Receives one frame: a view that is valid only until it returns. */
export type FrameHandler = (frame: Uint8Array) => void;

/**
 * Bytes to frames, for one kind of framing. Its buffer is bounded; after noise or an overlong frame it finds the next
 * one by itself. However the bytes are cut into chunks, the frames are the same.
 */
export interface Framer {
  readonly counters: FramerCounters;
  push(chunk: Uint8Array, frame: FrameHandler): void;
  /** Forgets a frame begun: what comes next is from another connection. Counters stay. */
  reset(): void;
}
