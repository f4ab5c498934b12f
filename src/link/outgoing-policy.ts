/**
 * The policy for a slow consumer: a peer that reads more slowly than others write. Only EVENTs may be dropped. If
 * answers alone exceed the limit, the peer is disconnected under every policy.
 *
 * - `disconnect`: the connection is closed, and no message is dropped before.
 * - `drop-oldest`: the oldest EVENTs are dropped until the newest fit.
 * - `latest-per-topic`: only the newest EVENT of each subscription and topic waits. If these exceed the limit, the
 *   oldest of them are dropped.
 */
export const slowPolicies = ['disconnect', 'drop-oldest', 'latest-per-topic'] as const;

export type SlowPolicy = (typeof slowPolicies)[number];

/** The limits of the send queue of one peer, and the policy when it is full. */
export interface OutgoingPolicy {
  readonly policy: SlowPolicy;
  /** Bytes that may wait. Bytes in the socket count, up to half of this limit. */
  readonly maxBytes: number;
  /** Messages that may wait, without those that are in the socket. */
  readonly maxMessages: number;
}

export const defaultOutgoing: OutgoingPolicy = Object.freeze({
  policy: 'disconnect',
  maxBytes: 8 * 1024 * 1024,
  maxMessages: 100_000,
});
