import type { RateLimit } from '../../base/token-bucket.ts';
import type { OutgoingPolicy } from '../../link/outgoing-policy.ts';
import type { HeartbeatOptions } from '../channel/heartbeat.ts';

/**
 * The peers to which a RawSocket server sends PINGs. Every peer has to answer a PING, but some clients close the
 * connection when they receive one. `auto` sends PINGs only to peers that have sent one, and relies on TCP keep-alive
 * for the others.
 */
export const rawSocketPings = ['auto', 'always', 'never'] as const;

export type RawSocketPings = (typeof rawSocketPings)[number];

/** The limits of a listener for its connections. */
export interface TransportLimits {
  /** The largest message accepted, in bytes. RawSocket announces the power of two at or below it. */
  readonly maxMessageSize: number;
  /** Bytes that may wait for one peer, unless `outgoing` sets a limit. */
  readonly maxQueuedBytes: number;
  /** The limits of the send queue of one peer, and the policy when it is full. Default: disconnect the peer. */
  readonly outgoing?: Partial<OutgoingPolicy>;
  /** Open connections, including those without a session. */
  readonly maxConnections: number;
  /** The same from one IPv4 address, or one /64 network of IPv6. Default: `maxConnections`. */
  readonly maxConnectionsPerAddress?: number | undefined;
  /** Open links. Default: no limit beside `maxConnections`. */
  readonly maxSessions?: number | undefined;
  /** Messages per second from one peer. A peer that sends more is read more slowly. Default: no limit. */
  readonly messageRate?: RateLimit | undefined;
  /** The same in bytes of messages. */
  readonly byteRate?: RateLimit | undefined;
  /** Milliseconds from the handshake of a peer to its session. Default: the router's limit. */
  readonly helloTimeout?: number | undefined;
  /** Milliseconds for a handshake (RawSocket, TLS), or for the head of a request (HTTP). */
  readonly handshakeTimeout: number;
  /** Milliseconds for an HTTP request, from its head to the end of its answer. */
  readonly requestTimeout: number;
  /** Milliseconds for a peer to close its side after this side has closed. */
  readonly closeGrace: number;
  readonly heartbeat: HeartbeatOptions;
  readonly rawSocketPings: RawSocketPings;
  readonly longPoll: LongPollTimes;
}

/** Milliseconds of the long-poll transport. [advanced/transport_http_longpoll] */
export interface LongPollTimes {
  /** How long a receive waits for a message. Shorter than the timeouts of clients and proxies. */
  readonly hold: number;
  /** How long a transport stays open without a request. */
  readonly idle: number;
}

export const defaultLimits: TransportLimits = {
  maxMessageSize: 1024 * 1024,
  maxQueuedBytes: 8 * 1024 * 1024,
  maxConnections: 10_000,
  handshakeTimeout: 10_000,
  requestTimeout: 60_000,
  closeGrace: 2000,
  heartbeat: { interval: 30_000, timeout: 20_000 },
  rawSocketPings: 'auto',
  longPoll: { hold: 10_000, idle: 30_000 },
};
