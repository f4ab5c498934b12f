import type { OutgoingPolicy } from '../link/outgoing-policy.ts';
import type { HeartbeatOptions } from './heartbeat.ts';

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
  /** Milliseconds that a stranger has to shake hands (RawSocket, TLS) or to finish the head of a request (HTTP). */
  readonly handshakeTimeout: number;
  /** Milliseconds that an HTTP request may take from its head to the end of its answer. */
  readonly requestTimeout: number;
  /** Milliseconds that a peer has to close its side once we have closed ours. */
  readonly closeGrace: number;
  readonly heartbeat: HeartbeatOptions;
}

export const defaultLimits: TransportLimits = {
  maxMessageSize: 1024 * 1024,
  maxQueuedBytes: 16 * 1024 * 1024,
  maxConnections: 10_000,
  handshakeTimeout: 10_000,
  requestTimeout: 60_000,
  closeGrace: 2000,
  heartbeat: { interval: 30_000, timeout: 20_000 },
};
