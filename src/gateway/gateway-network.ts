import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import { hostAndPort } from '../base/network/address.ts';
import { RefusalSummary } from '../base/refusal-summary.ts';
import { codecNamed, codecs } from '../codec/codecs.ts';
import type { Codec, SerializerName } from '../codec/message/codec.ts';
import type { Link } from '../link/link.ts';
import { dial } from '../transport/dial.ts';
import { defaultLimits, type TransportLimits } from '../transport/endpoint/limits.ts';
import type { Listening } from '../transport/endpoint/listening.ts';
import { ownNames } from '../transport/guard/own-names.ts';
import { listenRawSocket } from '../transport/rawsocket-server.ts';
import type { ListenAddress } from '../transport/server/socket-server.ts';
import { type HttpHandler, listenWeb } from '../transport/web-server.ts';
import type { CookieGiver } from '../transport/websocket/acceptor.ts';
import { ForeignSubprotocols } from '../transport/websocket/foreign-subprotocols.ts';
import type { RawSocketListenOptions } from './bridge/bridge.ts';
import type { GatewayConfig, ListenerConfig } from './config/config-schema.ts';
import type { ListenerLimits } from './config/limits-schema.ts';
import { outgoingOf } from './principals/configured-principals.ts';
import { watchedTls } from './tls/tls-watch.ts';

type WebConfig = Extract<ListenerConfig, { type: 'web' }>;
type RawSocketConfig = Extract<ListenerConfig, { type: 'rawsocket' }>;
type Accept = (link: Link) => void;

/** Milliseconds that a peer has to close its side when the gateway stops. Less than the gateway's own limit. */
const CLOSE_GRACE = 1_000;

/** Opens the listeners of one gateway with the limits of its configuration. */
export class GatewayNetwork {
  readonly #limits: TransportLimits;
  readonly #log: Logger;
  readonly #clock: Clock;
  readonly #refusals: RefusalSummary;
  /** WebSocket subprotocols of the web listeners that bridges handle. */
  readonly foreign = new ForeignSubprotocols();

  constructor(
    limits: Omit<GatewayConfig['limits'], 'failedLogins'>,
    log: Logger,
    clock: Clock,
    refusals = new RefusalSummary(clock),
  ) {
    const { maxQueuedBytes } = limits;
    this.#limits = { ...withOwn(defaultLimits, limits), maxQueuedBytes, closeGrace: CLOSE_GRACE };
    this.#log = log;
    this.#clock = clock;
    this.#refusals = refusals;
  }

  async listenWeb(
    name: string,
    config: WebConfig,
    services: { readonly onRequest: HttpHandler; readonly cookies?: CookieGiver | undefined },
    accept: Accept,
  ): Promise<Listening> {
    const { host, port, path, rawsocket, longpoll, origins, trustedProxies } = config;
    return listenWeb(
      {
        ...this.#ofListener(name, config),
        address: { host, port },
        paths: [path],
        rawSocket: rawsocket,
        ...(longpoll !== false && { longPoll: longpoll }),
        ...services,
        foreign: this.foreign,
        // If `host` is a name, clients use it in the Host header.
        names: new Set([...ownNames(), host.toLowerCase()]),
        ...(origins !== undefined && { origins }),
        ...(trustedProxies !== undefined && { trustedProxies }),
      },
      accept,
    );
  }

  async listenRawSocket(name: string, config: RawSocketConfig, accept: Accept): Promise<Listening> {
    const { host, port, unix } = config;
    const address: ListenAddress = unix === undefined ? { host, port: port ?? 0 } : { unixPath: unix };
    return listenRawSocket({ ...this.#ofListener(name, config), address }, accept);
  }

  /** Opens a listener for a bridge. */
  listenForBridge(bridge: string, options: RawSocketListenOptions, accept: Accept): Promise<Listening> {
    const { host, port, serializers, maxMessageSize, tls } = options;
    const offered = serializers.map(serializer => codecNamed(serializer));
    // A device may lose power without closing the connection. Devices for this port must answer PINGs.
    const limits: TransportLimits = { ...this.#limits, maxMessageSize, rawSocketPings: 'always' };
    const common = this.#common(`bridge:${bridge}`, offered);
    return listenRawSocket({ ...common, address: { host, port }, limits, ...(tls !== undefined && { tls }) }, accept);
  }

  /** Opens a link for a simulated device. */
  dialRawSocket(options: { host: string; port: number; serializer: SerializerName }): Promise<Link> {
    const { host, port, serializer } = options;
    const url = `tcp://${hostAndPort(host, port)}`;
    return dial(url, { codec: codecNamed(serializer), log: this.#log, clock: this.#clock });
  }

  #ofListener(name: string, { strict, outgoing, limits, tls, rawsocketPings }: ListenerConfig) {
    return {
      ...this.#common(name, codecs),
      strict,
      limits: {
        ...withOwn(this.#limits, limits),
        outgoing: outgoingOf(outgoing),
        ...(rawsocketPings !== undefined && { rawSocketPings: rawsocketPings }),
      },
      ...(tls !== undefined && { tls: watchedTls(name, tls, this.#log) }),
    };
  }

  #common(name: string, offered: readonly Codec[]) {
    return { name, codecs: offered, log: this.#log, clock: this.#clock, refusals: this.#refusals };
  }
}

/** `limits`, overridden by the limits in `own`. */
function withOwn(limits: TransportLimits, own: ListenerLimits = {}): TransportLimits {
  const {
    maxMessageSize = limits.maxMessageSize,
    maxConnections = limits.maxConnections,
    handshakeTimeout = limits.handshakeTimeout,
    ...rest
  } = own;
  return { ...limits, ...rest, maxMessageSize, maxConnections, handshakeTimeout };
}
