/** Why a connection handles no more packets. Several reasons can hold at a time: they are bits. */
export const Hold = {
  /** CONNECT is not answered yet. */
  Connect: 1,
  /** The publish queue of the client is full. */
  PublishQueue: 2,
  /** SUBSCRIBE or UNSUBSCRIBE is in work. */
  Filters: 4,
  /** The replays of retained messages are being started. */
  Replays: 8,
  /** A long session record is being written. */
  Commit: 16,
  /** Other connections have their turn. */
  Turn: 32,
  /** The connection closes once the pending answers are sent. */
  Closing: 64,
} as const;
export type Hold = (typeof Hold)[keyof typeof Hold];
