import type { RateLimit } from '../../base/token-bucket.ts';
import type { OutgoingPolicy } from '../../link/outgoing-policy.ts';
import type { HeartbeatOptions } from '../channel/heartbeat.ts';

/**
 * Whom a RawSocket server asks for a sign of life. Every peer is bound to answer a PING, but clients in the wild end the
 * connection at the sight of one: `auto` asks those that have sent a PING themselves, and leaves the others to TCP.
 */
export const rawSocketPings = ['auto', 'always', 'never'] as const;

export type RawSocketPings = (typeof rawSocketPings)[number];

/** What a listener grants to whoever connects. */
export interface TransportLimits {
  /** The largest message accepted, in bytes. RawSocket announces the power of two at or below it. */
  readonly maxMessageSize: number;
  /** Bytes that may wait for one peer, where `outgoing` does not say. */
  readonly maxQueuedBytes: number;
  /** What may wait for one peer, and what gives way. Default: it is disconnected. */
  readonly outgoing?: Partial<OutgoingPolicy>;
  /** Connections at one time, strangers included. */
  readonly maxConnections: number;
  /** The same from one address, or one /64 network of IPv6. Default: as many as there may be. */
  readonly maxConnectionsPerAddress?: number | undefined;
  /** Links at one time. Default: as many as there are connections. */
  readonly maxSessions?: number | undefined;
  /** Messages a second from one peer; one that sends more is read more slowly. Default: any number. */
  readonly messageRate?: RateLimit | undefined;
  /** The same in bytes of messages. */
  readonly byteRate?: RateLimit | undefined;
  /** Milliseconds that a peer has from its handshake to a session. Default: the router's. */
  readonly helloTimeout?: number | undefined;
  /** Milliseconds that a stranger has to shake hands (RawSocket, TLS) or to finish the head of a request (HTTP). */
  readonly handshakeTimeout: number;
  /** Milliseconds that an HTTP request may take from its head to the end of its answer. */
  readonly requestTimeout: number;
  /** Milliseconds that a peer has to close its side once we have closed ours. */
  readonly closeGrace: number;
  readonly heartbeat: HeartbeatOptions;
  readonly rawSocketPings: RawSocketPings;
  readonly longPoll: LongPollTimes;
}

/** Milliseconds of the long-poll transport. [advanced/transport_http_longpoll] */
export interface LongPollTimes {
  /** That a receive is held where there is nothing to say; less than clients and proxies have patience for. */
  readonly hold: number;
  /** Without any request, after which the peer is gone. */
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
