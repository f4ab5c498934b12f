/** Why a channel ends, for transports that have a place to say so (WebSocket's close codes). */
export type EndKind = 'normal' | 'going-away' | 'violation';

/** The ears of a channel: the link above it. No call comes after `closed`. */
export interface FrameReceiver {
  /** One whole frame; its bytes are not overwritten afterwards. */
  receiveFrame(frame: Uint8Array): void;
  /** The channel has room again after `queuedBytes` stood high. */
  drained(): void;
  /** The peer broke the rules of the transport (`ProtocolViolation`), or we failed: it is told ABORT, the channel ends. */
  refuse(error: unknown): void;
  /** The peer sends more than its rate and is not read for a while. */
  slowed?(): void;
  /** The channel is of no more use, for whatever reason; said once. */
  closed(reason: string): void;
}

/** A two-way pipe of frames: what a transport makes of a socket, and a `WireLink` puts a codec on. */
export interface FrameChannel {
  /** The largest frame the peer takes, in bytes; Infinity where it has not said. */
  readonly maxFrame: number;
  /** Bytes handed to `write` that the system has not taken yet. */
  readonly queuedBytes: number;
  /** Says who listens; called once, before anything else. */
  attach(receiver: FrameReceiver): void;
  /**
   * Sends a frame; those of one turn of the event loop leave in one write. `frame` is kept until then and not written
   * to. Does nothing after `end` and `destroy`.
   */
  write(frame: Uint8Array): void;
  /** Sends what is written, then closes. `reason` is for the peer, where the transport has a place for it. */
  end(kind: EndKind, reason: string): void;
  /** Closes at once; what waits is lost. `closed` is said later, never from within. */
  destroy(reason: string): void;
  /** Hands nothing on until `resume`, not even what has been read already. A peer that leaves meanwhile is noticed. */
  pause(): void;
  resume(): void;
}
