import type { Logger } from '../base/logger.ts';
import type { Link } from '../link/link.ts';
import type { Listening } from '../transport/endpoint/listening.ts';
import type { CookieGiver } from '../transport/websocket/acceptor.ts';
import type { ListenerConfig } from './config/config-schema.ts';
import type { GatewayNetwork } from './gateway-network.ts';
import { StartError, startErrorOf } from './support/start-error.ts';
import type { GatewayStatus } from './web/http-service.ts';
import { webPages } from './web/web-pages.ts';

/** An open listener. */
export interface GatewayListener {
  readonly config: ListenerConfig;
  /** `127.0.0.1:8080`, with the port that the listener opened; `unix:/run/wampway.sock`. */
  readonly address: string;
  /** 0 for a Unix socket. */
  readonly port: number;
}

export interface GatewayListenersOptions {
  readonly network: GatewayNetwork;
  readonly log: Logger;
  readonly attach: (link: Link) => void;
  /** The realm that the page joins. */
  readonly realm: string;
  /** Folder of the built page. Undefined if the page was not built. */
  readonly pageFolder: () => string | undefined;
  readonly status: () => GatewayStatus;
  readonly cookies: CookieGiver | undefined;
}

export const STOPPED = 'the gateway was stopped while it started';

/** The listeners of one gateway, in the order of its configuration. */
export class GatewayListeners {
  readonly #options: GatewayListenersOptions;
  readonly #open: { readonly listener: GatewayListener; readonly socket: Listening }[] = [];
  #closed = false;

  constructor(options: GatewayListenersOptions) {
    this.#options = options;
  }

  get all(): readonly GatewayListener[] {
    return this.#open.map(({ listener }) => listener);
  }

  /** Rejects with a `StartError` if the machine does not allow the listener, or if `close` was called. */
  async open(config: ListenerConfig, index: number): Promise<void> {
    const { network, attach, log } = this.#options;
    const name = `listeners[${index}]`;
    try {
      const socket =
        config.type === 'web'
          ? await network.listenWeb(name, config, await this.#services(config), attach)
          : await network.listenRawSocket(name, config, attach);
      if (this.#closed) {
        await socket[Symbol.asyncDispose]();
        throw new StartError(STOPPED);
      }
      const { address, port } = socket;
      this.#open.push({ listener: { config, address, port }, socket });
      log.debug({ listener: name, type: config.type, address }, 'listener opened');
    } catch (error) {
      throw startErrorOf(error, name, `${name} in the configuration`) ?? error;
    }
  }

  /** Accepts no more connections. Resolves when the open ones have ended. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.allSettled(this.#open.map(({ socket }) => socket[Symbol.asyncDispose]()));
  }

  async #services(config: Extract<ListenerConfig, { type: 'web' }>) {
    const { realm, pageFolder, status, cookies } = this.#options;
    return { onRequest: await webPages(config, { realm, pageFolder: pageFolder(), status }), cookies };
  }
}
