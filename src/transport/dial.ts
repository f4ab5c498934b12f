import { systemClock } from '../base/clock.ts';
import { silentLogger } from '../base/logger.ts';
import type { Link } from '../link/link.ts';
import { DialError } from './endpoint/dial-error.ts';
import type { DialOptions, ResolvedDialOptions } from './endpoint/dial-options.ts';
import { defaultLimits } from './endpoint/limits.ts';
import { dialLongPoll } from './longpoll/dial.ts';
import { dialRawSocket, type RawSocketTarget } from './rawsocket/dial.ts';
import { dialWebSocket } from './websocket/dial.ts';

/**
 * Connects to a WAMP router and completes the handshake of the transport. URLs: `ws://host:port/path`, `wss://…`
 * (WebSocket), `tcp://host:port`, `tcps://host:port`, `unix:///path` (RawSocket), `http://host:port/path`, `https://…`
 * (long-poll). Rejects with `DialError`.
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

function connector(url: string): (options: ResolvedDialOptions) => Promise<Link> {
  if (!URL.canParse(url)) throw new DialError(url, 'it is not a URL. Try tcp://127.0.0.1:8081');
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
    throw new DialError(
      url,
      'its scheme is not supported. Use ws://, wss://, tcp://, tcps://, unix://, http:// or https://',
    );
  if ('port' in target && (target.host === '' || target.port === 0)) {
    throw new DialError(url, 'its host or port is missing. Use both, as in tcp://127.0.0.1:8081');
  }
  return options => dialRawSocket(target, options);
}
