import type { ConnectionOptions } from 'node:tls';
import { type Clock, systemClock } from '../base/clock.ts';
import { type Logger, silentLogger } from '../base/logger.ts';
import type { Codec } from '../codec/message/codec.ts';
import type { Link } from '../link/link.ts';
import type { HeartbeatOptions } from './channel/heartbeat.ts';
import { DialError } from './endpoint/dial-error.ts';
import { defaultLimits } from './endpoint/limits.ts';
import { dialLongPoll } from './longpoll/dial.ts';
import { dialRawSocket, type RawSocketTarget } from './rawsocket/dial.ts';
import { dialWebSocket } from './websocket/dial.ts';

/** What a client may say of TLS: whom to trust, and who it is itself. */
export type TlsClientOptions = Pick<ConnectionOptions, 'ca' | 'cert' | 'key' | 'passphrase' | 'rejectUnauthorized'>;

export interface DialOptions {
  readonly codec: Codec;
  /** Whether to ask for batches, of which the router may make nothing; over WebSocket and long-poll. Default false. */
  readonly batched?: boolean;
  /** The largest message accepted, in bytes. Default 16 MiB. */
  readonly maxMessageSize?: number;
  readonly maxQueuedBytes?: number;
  readonly heartbeat?: HeartbeatOptions;
  /** Milliseconds until connecting is given up. Default 10 seconds. */
  readonly timeout?: number;
  /** Gives up when aborted; of no effect once there is a link. */
  readonly signal?: AbortSignal;
  readonly tls?: TlsClientOptions;
  readonly log?: Logger;
  readonly clock?: Clock;
}

/** A dial's options with every default filled in, and one signal for all reasons to give up. */
export interface DialTerms {
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

/**
 * Connects to a WAMP router and shakes hands: `ws://host:port/path`, `wss://…` (WebSocket), `tcp://host:port`,
 * `tcps://host:port`, `unix:///path` (RawSocket), `http://host:port/path`, `https://…` (long-poll). Rejects with `DialError`.
 */
export async function dial(url: string, options: DialOptions): Promise<Link> {
  const connect = connector(url);
  const clock = options.clock ?? systemClock;
  const { timeout = 10_000, signal } = options;
  const abort = new AbortController();
  const timer = clock.after(timeout, () => abort.abort(new DialError(url, `no answer within ${timeout} ms`)));
  const aborted = (): void => abort.abort(new DialError(url, 'aborted', signal?.reason));
  if (signal?.aborted) aborted();
  signal?.addEventListener('abort', aborted, { once: true });
  try {
    abort.signal.throwIfAborted();
    return await connect({
      url,
      codec: options.codec,
      batched: options.batched ?? false,
      maxMessageSize: options.maxMessageSize ?? 16 * 1024 * 1024,
      maxQueuedBytes: options.maxQueuedBytes ?? defaultLimits.maxQueuedBytes,
      closeGrace: defaultLimits.closeGrace,
      heartbeat: options.heartbeat ?? defaultLimits.heartbeat,
      signal: abort.signal,
      tls: options.tls ?? {},
      log: options.log ?? silentLogger,
      clock,
    });
  } catch (error) {
    throw DialError.from(url, error);
  } finally {
    timer.cancel();
    signal?.removeEventListener('abort', aborted);
  }
}

function connector(url: string): (terms: DialTerms) => Promise<Link> {
  if (!URL.canParse(url)) throw new DialError(url, 'this is not a URL; try tcp://127.0.0.1:8081');
  const { protocol, hostname, port, pathname } = new URL(url);
  if (protocol === 'ws:' || protocol === 'wss:') return dialWebSocket;
  if (protocol === 'http:' || protocol === 'https:') return dialLongPoll;
  const target: RawSocketTarget | undefined =
    protocol === 'unix:'
      ? { unixPath: decodeURIComponent(pathname) }
      : protocol === 'tcp:' || protocol === 'tcps:'
        ? { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port), secure: protocol === 'tcps:' }
        : undefined;
  if (target === undefined)
    throw new DialError(url, 'begin with ws://, wss://, tcp://, tcps://, unix://, http:// or https://');
  if ('port' in target && (target.host === '' || target.port === 0)) {
    throw new DialError(url, 'host and port are needed, as in tcp://127.0.0.1:8081');
  }
  return terms => dialRawSocket(target, terms);
}
