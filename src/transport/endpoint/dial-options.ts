import type { ConnectionOptions } from 'node:tls';
import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';
import type { Codec } from '../../codec/message/codec.ts';
import type { HeartbeatOptions } from '../channel/heartbeat.ts';

/** TLS options of a client: the authorities that it trusts, and its own certificate. */
export type TlsClientOptions = Pick<ConnectionOptions, 'ca' | 'cert' | 'key' | 'passphrase' | 'rejectUnauthorized'>;

export interface DialOptions {
  readonly codec: Codec;
  /** Whether to offer batches (WebSocket and long-poll only). A router may decline them. Default false. */
  readonly batched?: boolean;
  /** The largest message accepted, in bytes. Default 16 MiB. */
  readonly maxMessageSize?: number;
  readonly maxQueuedBytes?: number;
  readonly heartbeat?: HeartbeatOptions;
  /** Milliseconds until the attempt to connect fails. Default 10 seconds. */
  readonly timeout?: number;
  /** Cancels the attempt to connect. It has no effect on a link that is open. */
  readonly signal?: AbortSignal;
  readonly tls?: TlsClientOptions;
  readonly log?: Logger;
  readonly clock?: Clock;
}

/** `DialOptions` with every default filled in. `signal` aborts for a timeout and for the caller's own signal. */
export interface ResolvedDialOptions {
  readonly url: string;
  readonly codec: Codec;
  readonly batched: boolean;
  readonly maxMessageSize: number;
  readonly maxQueuedBytes: number;
  readonly closeGrace: number;
  readonly heartbeat: HeartbeatOptions;
  readonly signal: AbortSignal;
  readonly tls: TlsClientOptions;
  readonly log: Logger;
  readonly clock: Clock;
}
