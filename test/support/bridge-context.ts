import { systemClock } from '../../src/base/clock.ts';
import { type Logger, silentLogger } from '../../src/base/logger.ts';
import { Session } from '../../src/client/session.ts';
import type { JoinedSession } from '../../src/client/session-api.ts';
import type { BridgeContext, Identity } from '../../src/gateway/bridge.ts';
import { readTls } from '../../src/gateway/tls-files.ts';
import type { LinkInfo } from '../../src/link/link.ts';
import { localLinkPair } from '../../src/link/local-link.ts';
import { AnonymousAuthenticator } from '../../src/router/anonymous-authenticator.ts';
import type { Authorizer } from '../../src/router/authorizer.ts';
import { Router } from '../../src/router/router.ts';
import { MemoryStore } from '../../src/store/memory-store.ts';
import type { Store } from '../../src/store/store.ts';
import { ForeignSubprotocols } from '../../src/transport/foreign-subprotocols.ts';
import type { UriRule } from '../../src/wamp/uri.ts';

export interface TestGatewayOptions {
  /** Default `loose`. */
  readonly uri?: UriRule;
  readonly authorizer?: Authorizer;
  readonly log?: Logger;
  /** Default: there are no principals. */
  readonly authenticate?: BridgeContext['authenticate'];
  readonly turnAway?: BridgeContext['turnAway'];
  readonly isPrincipal?: BridgeContext['isPrincipal'];
  /** Default: everybody may do everything. */
  readonly permits?: BridgeContext['permits'];
  /** Default: one in memory. */
  readonly store?: Store;
  /** For bridges that listen for RawSocket peers; without it such a bridge is refused. */
  readonly listenRawSocket?: BridgeContext['listenRawSocket'];
}

const REALM = 'realm1';

/** A real router with one realm, and what a bridge is given by a gateway, made by hand. */
export class TestGateway implements AsyncDisposable {
  readonly router: Router;
  readonly context: BridgeContext;
  /** What the bridge has said it cannot go on for. */
  readonly failures: unknown[] = [];
  /** What bridges take of WebSockets. */
  readonly foreign = new ForeignSubprotocols();
  readonly #log: Logger;
  readonly #stopping = new AbortController();

  constructor(options: TestGatewayOptions = {}) {
    this.#log = options.log ?? silentLogger;
    this.router = new Router({
      realms: [{ name: REALM, uri: options.uri ?? 'loose' }],
      authenticator: new AnonymousAuthenticator({ who: 'loopback' }),
      ...(options.authorizer !== undefined && { authorizer: options.authorizer }),
      clock: systemClock,
      log: this.#log,
    });
    this.context = {
      log: this.#log,
      clock: systemClock,
      realm: REALM,
      authenticate: options.authenticate ?? (async () => 'stranger'),
      turnAway: options.turnAway ?? (() => {}),
      isPrincipal: options.isPrincipal ?? (() => false),
      permits: options.permits ?? (() => true),
      signal: this.#stopping.signal,
      store: options.store ?? new MemoryStore(64 * 1024 * 1024),
      acceptWebSockets: (subprotocols, accept) => this.foreign.take(subprotocols, accept),
      readTls: config => readTls('bridges.test', config),
      join: identity => this.join(identity),
      attach: (link, principal) => this.router.attach(link, principal),
      listenRawSocket:
        options.listenRawSocket ??
        (() => Promise.reject(new Error('this gateway does not listen for RawSocket peers'))),
      retainedPublication: topic => this.router.realm(REALM)?.broker.retained.newest(topic)?.publication,
      fail: error => this.failures.push(error),
    };
  }

  /** Joins the realm as somebody beside the bridge, over a local link. */
  join(identity: Identity = { authid: 'test', authrole: 'anonymous' }): Promise<JoinedSession> {
    const { authid, authrole, peer = 'local', service = false, principal } = identity;
    const info: LinkInfo = {
      transport: 'local',
      serializer: 'none',
      peer,
      loopback: true,
      listener: 'test',
      tls: false,
      principal: principal ?? { authid, authrole, authmethod: 'internal', authprovider: 'test' },
      ...(service && { internal: 'service' }),
    };
    const [near, far] = localLinkPair({ ...info, peer: 'router' }, info, this.#log);
    this.router.attach(far);
    return Session.join(near, { realm: REALM, log: this.#log });
  }

  /** Tells the bridge that the gateway stops. */
  stop(): void {
    this.#stopping.abort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.stop();
    await this.router.close();
  }
}
