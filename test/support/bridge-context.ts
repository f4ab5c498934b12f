import { systemClock } from '../../src/base/clock.ts';
import { type Logger, silentLogger } from '../../src/base/logger.ts';
import { RefusalSummary } from '../../src/base/refusal-summary.ts';
import { AgeClock } from '../../src/base/time/age-clock.ts';
import type { JoinedSession } from '../../src/client/api/session-api.ts';
import { joinLocal } from '../../src/client/session/join-local.ts';
import { Access } from '../../src/gateway/access/access.ts';
import type { BridgeContext, Identity } from '../../src/gateway/bridge/bridge.ts';
import { parseConfig } from '../../src/gateway/config/load-config.ts';
import { DeviceAdmission } from '../../src/gateway/devices/device-admission.ts';
import { ownerNow } from '../../src/gateway/hosting/owner-now.ts';
import { realmAccess } from '../../src/gateway/hosting/realm-access.ts';
import { Pairing } from '../../src/gateway/pairing/pairing.ts';
import { readTls } from '../../src/gateway/tls/tls-files.ts';
import type { Authenticator } from '../../src/router/policy/authenticator.ts';
import type { Authorizer } from '../../src/router/policy/authorizer.ts';
import { Router } from '../../src/router/router.ts';
import type { OwnedTopics } from '../../src/router/session/owned-topics.ts';
import type { Store } from '../../src/store/contract/store.ts';
import { MemoryStore } from '../../src/store/memory-store.ts';
import { ForeignSubprotocols } from '../../src/transport/websocket/foreign-subprotocols.ts';
import type { UriRule } from '../../src/wamp/uri.ts';

export interface TestGatewayOptions {
  /** Default `loose`. */
  readonly uri?: UriRule;
  readonly authorizer?: Authorizer;
  readonly log?: Logger;
  /** Decides about devices that authenticate. Default: as a gateway without principals. */
  readonly authenticator?: Authenticator;
  /** Prefixes of the bridges. Default: none. */
  readonly namespaces?: readonly string[];
  /** Topics of the bridge's own session. Default: none. */
  readonly owned?: readonly OwnedTopics[];
  /** Default: everything is allowed. */
  readonly permits?: BridgeContext['permits'];
  /** Default: one in memory. */
  readonly store?: Store;
  /** For bridges that listen for RawSocket peers; without it such a bridge is refused. */
  readonly listenRawSocket?: BridgeContext['listenRawSocket'];
}

const REALM = 'realm1';

/** A real router with one realm, and the context that a gateway would give a bridge. */
export class TestGateway implements AsyncDisposable {
  readonly router: Router;
  readonly context: BridgeContext;
  /** The errors that the bridge reported with `fail`. */
  readonly failures: unknown[] = [];
  /** The WebSocket subprotocols that bridges accept. */
  readonly foreign = new ForeignSubprotocols();
  readonly #log: Logger;
  readonly #stopping = new AbortController();

  constructor(options: TestGatewayOptions = {}) {
    this.#log = options.log ?? silentLogger;
    const access = new Access(parseConfig({ realms: [{ name: REALM }] }, []), systemClock, this.#log, () => {});
    const admission = new DeviceAdmission({
      realm: REALM,
      known: {
        begin: request => (options.authenticator ?? access).begin(request),
        identify: (realm, shown) => access.identify(realm, shown),
        asksApplication: () => false,
      },
      pairing: new Pairing({
        realm: REALM,
        clock: systemClock,
        log: silentLogger,
        keeper: undefined,
        isTaken: () => false,
      }),
      isTaken: () => false,
    });
    this.router = new Router({
      realms: [{ name: REALM, uri: options.uri ?? 'loose', owned: options.owned ?? [] }],
      authenticator: admission,
      ...(options.authorizer !== undefined && { authorizer: options.authorizer }),
      clock: systemClock,
      log: this.#log,
    });
    this.context = {
      log: this.#log,
      refusals: new RefusalSummary(systemClock),
      clock: systemClock,
      ages: new AgeClock(systemClock),
      realm: REALM,
      namespaces: options.namespaces ?? [],
      identify: (shown, terms) => admission.identify(shown, { ...terms, bridge: 'test' }),
      joinFor: async (owner, terms) => {
        const found = ownerNow(
          owner,
          { ...terms, bridge: 'test' },
          { realm: REALM, directory: access.directory, isTaken: () => false },
        );
        if ('refused' in found) return found;
        const { authid, authrole } = found.principal;
        return this.join({ authid, authrole, principal: found.principal });
      },
      isPrincipal: authid => access.directory.find(REALM, authid) !== undefined,
      ...realmAccess(() => this.router.realm(REALM)),
      permits: options.permits ?? (() => true),
      signal: this.#stopping.signal,
      store: options.store ?? new MemoryStore(64 * 1024 * 1024),
      acceptWebSockets: (subprotocols, accept) => this.foreign.claim(subprotocols, accept),
      readTls: config => readTls('bridges.test', config),
      join: identity => this.join(identity),
      attach: link => this.router.attach(link),
      listenRawSocket:
        options.listenRawSocket ??
        (() => Promise.reject(new Error('this gateway does not listen for RawSocket peers'))),
      fail: error => this.failures.push(error),
    };
  }

  /** Joins the realm as a client beside the bridge, over a local link. */
  join(identity: Identity = { authid: 'test', authrole: 'anonymous' }): Promise<JoinedSession> {
    const { authid, authrole, peer = 'local', service = false, principal } = identity;
    return joinLocal({
      attach: link => this.router.attach(link),
      realm: REALM,
      principal: principal ?? { authid, authrole, authmethod: 'internal', authprovider: 'test' },
      ...{ listener: 'test', peer, clock: systemClock, log: this.#log },
      ...(service && { internal: 'service' as const }),
    });
  }

  /** Signals the bridge that the gateway stops. */
  stop(): void {
    this.#stopping.abort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.stop();
    await this.router.close();
  }
}
