/**
 * What happens to a peer that reads more slowly than others write. EVENTs alone may be given up: a peer for which
 * answers alone exceed the bound is disconnected whatever the policy.
 *
 *   disconnect         nothing is lost but the connection
 *   drop-oldest        the oldest EVENTs go, so that the newest fit
 *   latest-per-topic   of each subscription and topic the newest EVENT waits alone; then as drop-oldest
 */
export const slowPolicies = ['disconnect', 'drop-oldest', 'latest-per-topic'] as const;

export type SlowPolicy = (typeof slowPolicies)[number];

/** What may wait for one peer, and what gives way when more would. */
export interface OutgoingPolicy {
  readonly policy: SlowPolicy;
  /** Bytes that may wait. What the socket has been given counts, for half of them at most. */
  readonly maxBytes: number;
  /** Messages that may wait, beside those that the socket has been given. */
  readonly maxMessages: number;
}

export const defaultOutgoing: OutgoingPolicy = Object.freeze({
  policy: 'disconnect',
  maxBytes: 8 * 1024 * 1024,
  maxMessages: 100_000,
});
