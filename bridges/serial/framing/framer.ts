/** Counters of a framer, for metrics. */
export interface FramerCounters {
  readonly bytes: number;
  readonly frames: number;
  /** Frames dropped because they exceeded the limit. The framer resynchronized at the next frame. */
  readonly overruns: number;
}

/** Receives one frame: a view that is valid until the function returns. */
export type FrameHandler = (frame: Uint8Array) => void;

/**
 * Splits a stream of bytes into frames, for one kind of framing. Its buffer is bounded. After noise or an overlong
 * frame it resynchronizes. The frames do not depend on how the bytes are split into chunks.
 */
export interface Framer {
  readonly counters: FramerCounters;
  push(chunk: Uint8Array, frame: FrameHandler): void;
  /** Discards an unfinished frame, because the next bytes belong to another connection. Counters stay. */
  reset(): void;
}
