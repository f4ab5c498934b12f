import { systemClock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/logger.ts';
import { codecs } from '../../src/codec/codecs.ts';
import type { Link } from '../../src/link/link.ts';
import { AnonymousAuthenticator } from '../../src/router/policy/anonymous-authenticator.ts';
import { Router } from '../../src/router/router.ts';
import { defaultLimits, type TransportLimits } from '../../src/transport/endpoint/limits.ts';
import type { Listening } from '../../src/transport/endpoint/listening.ts';
import { listenRawSocket } from '../../src/transport/rawsocket-server.ts';
import type { TlsOptions } from '../../src/transport/server/socket-server.ts';
import { listenWeb } from '../../src/transport/web-server.ts';

export interface RouterServerOptions {
  readonly port?: number;
  readonly unixPath?: string;
  readonly tls?: TlsOptions;
  readonly limits?: Partial<TransportLimits>;
}

/** A router with `realm1` for all clients of this machine, behind WebSocket and RawSocket on one port of 127.0.0.1. */
export class RouterServer implements AsyncDisposable {
  readonly router: Router;
  /** Every link accepted, oldest first. */
  readonly links: Link[] = [];
  readonly #listening: Listening[] = [];

  private constructor() {
    this.router = new Router({
      realms: [{ name: 'realm1', uri: 'loose' }],
      authenticator: new AnonymousAuthenticator({ who: 'loopback' }),
      clock: systemClock,
      log: silentLogger,
    });
  }

  /** Listens on a free port or the given one; with a path also on a Unix socket. */
  static async start({ port = 0, unixPath, tls, limits }: RouterServerOptions = {}): Promise<RouterServer> {
    const server = new RouterServer();
    const bounds = { ...defaultLimits, ...limits };
    const common = { name: 'test', codecs, limits: bounds, log: silentLogger, clock: systemClock };
    const accept = (link: Link): void => {
      server.links.push(link);
      server.router.attach(link);
    };
    const secure = tls === undefined ? {} : { tls };
    server.#listening.push(await listenWeb({ ...common, ...secure, address: { host: '127.0.0.1', port } }, accept));
    if (unixPath !== undefined) {
      server.#listening.push(await listenRawSocket({ ...common, address: { unixPath } }, accept));
    }
    return server;
  }

  get port(): number {
    return this.#listening[0]?.port ?? 0;
  }

  get url(): string {
    return `ws://127.0.0.1:${this.port}/ws`;
  }

  /** Sends GOODBYE to all sessions and closes. */
  async stop(): Promise<void> {
    await this.router.close();
    for (const one of this.#listening) await one[Symbol.asyncDispose]();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}
