import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import type { Codec, SerializerName } from '../codec/codec.ts';
import { codecNamed, codecs } from '../codec/codecs.ts';
import type { Link } from '../link/link.ts';
import { dial } from '../transport/dial.ts';
import { defaultLimits, type TransportLimits } from '../transport/limits.ts';
import type { Listening } from '../transport/listening.ts';
import { hostAndPort } from '../transport/peer-address.ts';
import { listenRawSocket } from '../transport/rawsocket-server.ts';
import type { ListenAddress } from '../transport/socket-server.ts';
import { type HttpHandler, listenWeb } from '../transport/web-server.ts';
import type { RawSocketListenOptions } from './bridge.ts';
import type { GatewayConfig, ListenerConfig } from './config/config-schema.ts';
import type { OutgoingConfig } from './config/outgoing-schema.ts';
import { outgoingOf } from './outgoing-by-role.ts';

type WebConfig = Extract<ListenerConfig, { type: 'web' }>;
type RawSocketConfig = Extract<ListenerConfig, { type: 'rawsocket' }>;
type Accept = (link: Link) => void;

/** Milliseconds that a peer has to close its side when the gateway stops: less than the gateway itself has. */
const CLOSE_GRACE = 1_000;

/** Opens the sockets of one gateway, with the limits that its configuration sets. */
export class GatewayNetwork {
  readonly #limits: TransportLimits;
  readonly #log: Logger;
  readonly #clock: Clock;

  constructor(limits: GatewayConfig['limits'], log: Logger, clock: Clock) {
    this.#limits = { ...defaultLimits, ...limits, closeGrace: CLOSE_GRACE };
    this.#log = log;
    this.#clock = clock;
  }

  listenWeb(name: string, config: WebConfig, onRequest: HttpHandler, accept: Accept): Promise<Listening> {
    const { host, port, path, rawsocket, outgoing } = config;
    const address = { host, port };
    return listenWeb(
      { ...this.#common(name, codecs, outgoing), address, paths: [path], rawSocket: rawsocket, onRequest },
      accept,
    );
  }

  listenRawSocket(name: string, config: RawSocketConfig, accept: Accept): Promise<Listening> {
    const { host, port, unix, outgoing } = config;
    const address: ListenAddress = unix === undefined ? { host, port: port ?? 0 } : { unixPath: unix };
    return listenRawSocket({ ...this.#common(name, codecs, outgoing), address }, accept);
  }

  /** For a bridge, with what it asks for. */
  listenForBridge(bridge: string, options: RawSocketListenOptions, accept: Accept): Promise<Listening> {
    const { host, port, serializers, maxMessageSize } = options;
    const common = this.#common(
      `bridge:${bridge}`,
      serializers.map(name => codecNamed(name)),
    );
    return listenRawSocket(
      { ...common, address: { host, port }, limits: { ...common.limits, maxMessageSize } },
      accept,
    );
  }

  /** For a simulated device. */
  dialRawSocket(options: { host: string; port: number; serializer: SerializerName }): Promise<Link> {
    const { host, port, serializer } = options;
    const url = `tcp://${hostAndPort(host, port)}`;
    return dial(url, { codec: codecNamed(serializer), log: this.#log, clock: this.#clock });
  }

  #common(name: string, offered: readonly Codec[], outgoing: OutgoingConfig = {}) {
    const limits = { ...this.#limits, outgoing: outgoingOf(outgoing) };
    return { name, codecs: offered, limits, log: this.#log, clock: this.#clock };
  }
}
