/** The reason why a channel ends, for transports that can send it to the peer (the close codes of WebSocket). */
export type EndKind = 'normal' | 'going-away' | 'violation';

/** Receives the events of a channel: the link above it. `closed` is the last call. */
export interface FrameReceiver {
  /** One whole frame. Its bytes are not overwritten afterwards. */
  receiveFrame(frame: Uint8Array): void;
  /** The channel can send again after `queuedBytes` was high. */
  drained(): void;
  /**
   * The peer broke a rule of the transport (`ProtocolViolation`), or the gateway failed. The link sends ABORT and
   * closes.
   */
  refuse(error: unknown): void;
  /** The peer sends more than its rate, so the channel pauses reading. */
  slowed?(): void;
  /** The channel has ended, for any reason. Called once. */
  closed(reason: string): void;
}

/** A two-way pipe of frames. A transport builds it on a socket, and a `WireLink` adds a codec. */
export interface FrameChannel {
  /** The largest frame that the peer accepts, in bytes. Infinity if the peer has not announced a limit. */
  readonly maxFrame: number;
  /** Bytes passed to `write` that the operating system has not accepted yet. */
  readonly queuedBytes: number;
  /** Sets the receiver. Called once, before all other methods. */
  attach(receiver: FrameReceiver): void;
  /**
   * Sends a frame. The frames of one turn of the event loop are sent in one write. Until then `frame` is kept and must
   * not be changed. After `end` or `destroy` this does nothing.
   */
  write(frame: Uint8Array): void;
  /** Sends the written frames, then closes. The peer receives `reason` if the transport can carry it. */
  end(kind: EndKind, reason: string): void;
  /** Closes at once and discards waiting frames. `closed` is called later, never inside this call. */
  destroy(reason: string): void;
  /** Delivers nothing until `resume`, including frames that were already read. A disconnection is still detected. */
  pause(): void;
  resume(): void;
}
