import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import type { SerializerName } from '../codec/codec.ts';
import type { Link } from '../link/link.ts';
import { defaultLimits, type TransportLimits } from '../transport/limits.ts';
import type { Listening } from '../transport/listening.ts';
import { listenRawSocket } from '../transport/rawsocket-server.ts';
import type { ListenAddress } from '../transport/socket-server.ts';
import { type HttpHandler, listenWeb } from '../transport/web-server.ts';
import type { RawSocketListenOptions } from './bridge.ts';
import type { GatewayConfig, ListenerConfig } from './config/config-schema.ts';

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
}
