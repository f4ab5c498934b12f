import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Clock, systemClock } from '../base/clock.ts';
import { type Logger, silentLogger } from '../base/logger.ts';
import { RefusalSummary } from '../base/refusal-summary.ts';
import { AgeClock } from '../base/time/age-clock.ts';
import { MetaApi } from '../meta/meta-api.ts';
import { Router } from '../router/router.ts';
import { Access } from './access/access.ts';
import { gatewayAuthorizer } from './access/gateway-authorizer.ts';
import type { Bridge } from './bridge/bridge.ts';
import type { GatewayConfig } from './config/config-schema.ts';
import { type GatewayListener, GatewayListeners, STOPPED } from './gateway-listeners.ts';
import { GatewayNetwork } from './gateway-network.ts';
import { GatewayStore } from './gateway-store.ts';
import { type BridgeDependencies, BridgeHost } from './hosting/bridge-host.ts';
import { type EnabledBridge, enabledBridges, ownedTopics } from './hosting/enabled-bridges.ts';
import { ownerNow } from './hosting/owner-now.ts';
import { realmAccess } from './hosting/realm-access.ts';
import { type SilencedDevices, silencedDevices } from './hosting/silenced-devices.ts';
import { GatewayPairing } from './pairing/gateway-pairing.ts';
import { PrincipalChanges } from './principals/principal-changes.ts';
import { PrincipalWatch } from './principals/principal-watch.ts';
import { routerOptions } from './router-options.ts';
import { completesWithin } from './support/completes-within.ts';
import { packageVersion } from './support/package-files.ts';
import { StartError } from './support/start-error.ts';
import type { GatewayStatus } from './web/http-service.ts';

export interface GatewayOptions {
  /** The bridges that the configuration can enable. */
  readonly bridges: readonly Bridge[];
  readonly log?: Logger;
  readonly clock?: Clock;
  /** Folder of the page that web listeners serve. Without it, they serve none. */
  readonly pageFolder?: string;
}

/** Milliseconds for bridges to stop, for sessions to answer GOODBYE, and for everything together. */
const BRIDGES_STOP = 800;
const GOODBYE = 800;
const STOP = 2_500;

/** A router, listeners and bridges, built from one configuration and started and stopped in order. */
export class Gateway implements AsyncDisposable {
  readonly config: GatewayConfig;
  readonly #log: Logger;
  readonly #clock: Clock;
  /** Devices whose role has no rule for the actions that they need. */
  readonly silenced: readonly SilencedDevices[];
  readonly #ages: AgeClock;
  readonly #pageFolder: string | undefined;
  /** The first realm, which bridges join. */
  readonly #home: string;
  readonly #router: Router;
  readonly #access: Access;
  readonly #principalFile: PrincipalWatch | undefined;
  readonly #pairing: GatewayPairing;
  readonly #meta: MetaApi;
  readonly #network: GatewayNetwork;
  readonly #refusals: RefusalSummary;
  readonly #hosts: readonly BridgeHost[];
  readonly #listeners: GatewayListeners;
  readonly #version = packageVersion();
  readonly #madeAt: number;
  #store: GatewayStore | undefined;
  #state: 'starting' | 'running' | 'stopping' = 'starting';
  #starting: Promise<void> | undefined;
  #stopping: Promise<void> | undefined;

  /** Builds the parts. `start` opens the listeners. */
  constructor(config: GatewayConfig, options: GatewayOptions) {
    const { log = silentLogger, clock = systemClock } = options;
    this.config = config;
    this.#log = log;
    this.#clock = clock;
    this.#ages = new AgeClock(clock, log.child({ part: 'ages' }));
    this.#madeAt = clock.monotonic();
    this.#refusals = new RefusalSummary(clock);
    this.#pageFolder = options.pageFolder;
    this.#access = new Access(config, clock, log.child({ part: 'access' }), link => this.#router.attach(link));
    this.#principalFile = this.#watchPrincipals(config);
    this.#home = config.realms[0]?.name ?? '';
    const enabled = enabledBridges(config, options.bridges);
    this.#pairing = new GatewayPairing(this.#home, this.#access, this.#principalFile, {
      clock,
      log,
      refusals: this.#refusals,
    });
    this.#meta = new MetaApi({
      clock,
      log: log.child({ part: 'meta' }),
      policies: new Map(config.realms.map(({ name, meta }) => [name, meta])),
      // Decides about all URIs except those of the meta API.
      authorizer: gatewayAuthorizer(config, { clock, log, attach: link => this.#router.attach(link) }),
      more: name => this.#pairing.procedures(name),
    });
    const configured = routerOptions(config, this.#access.directory, ownedTopics(enabled));
    this.#router = new Router({
      ...configured,
      authenticator: this.#pairing.admission,
      authorizer: this.#meta.authorizer,
      observer: this.#meta.observer,
      clock,
      log: log.child({ part: 'router' }),
      refusals: this.#refusals,
      agent: `wampway-${this.#version}`,
      limits: { ...configured.limits, goodbyeTimeout: GOODBYE },
    });
    this.silenced = silencedDevices(config, options.bridges);
    this.#network = new GatewayNetwork(config.limits, log, clock, this.#refusals);
    this.#hosts = this.#makeHosts(enabled);
    this.#listeners = new GatewayListeners({
      network: this.#network,
      log,
      attach: link => this.#router.attach(link),
      realm: this.#home,
      pageFolder: () => (this.hasPage ? this.#pageFolder : undefined),
      status: () => this.status,
      cookies: this.#access.cookies,
    });
  }

  /** Sessions of clients and devices on all realms, without internal sessions. */
  get sessionCount(): number {
    return this.#router.sessionCount;
  }

  /** Open listeners in the order of the configuration. */
  get listeners(): readonly GatewayListener[] {
    return this.#listeners.all;
  }

  /** The enabled bridges. */
  get bridges(): readonly BridgeHost[] {
    return this.#hosts;
  }

  /** Whether web listeners have a page to serve. */
  get hasPage(): boolean {
    return this.#pageFolder !== undefined && existsSync(join(this.#pageFolder, 'index.html'));
  }

  get version(): string {
    return this.#version;
  }

  get status(): GatewayStatus {
    const store = this.#storeStatus();
    const healthy = this.#hosts.every(({ state }) => state === 'running') && (store?.state ?? 'ok') === 'ok';
    return {
      status: this.#state === 'running' ? (healthy ? 'ok' : 'degraded') : this.#state,
      version: this.#version,
      uptime: Math.round((this.#clock.monotonic() - this.#madeAt) / 1000),
      sessions: this.#router.sessionCount,
      refused: [...this.#router.realms()].reduce((sum, { refused }) => sum + refused, 0),
      ...(this.#refusals.count > 0 && { refusals: this.#refusals.counts }),
      bridges: Object.fromEntries(this.#hosts.map(({ name, state, restarts }) => [name, { state, restarts }])),
      ...(store !== undefined && { store }),
    };
  }

  /**
   * Starts the meta API, then the listeners, then the bridges. If the configuration or the machine does not allow it,
   * stops the started parts and rejects with `StartError`.
   */
  start(): Promise<void> {
    this.#starting ??= this.#start();
    return this.#starting;
  }

  /**
   * Closes the listeners, stops the bridges, sends GOODBYE to every session and closes the rest, in less than three
   * seconds. Never rejects. Idempotent.
   */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #start(): Promise<void> {
    try {
      const log = this.#log.child({ part: 'store' });
      this.#store = await GatewayStore.open(this.config.data, { clock: this.#clock, log, ages: this.#ages });
      // Before any client can join, so that WELCOME announces the meta API to all.
      await this.#meta.start(this.#router);
      this.#principalFile?.start();
      for (const [index, listener] of this.config.listeners.entries()) await this.#listeners.open(listener, index);
      // In parallel, so that a slow bridge does not delay the others.
      const started = await Promise.allSettled(this.#hosts.map(host => host.start()));
      const failed = started.find(result => result.status === 'rejected');
      if (failed !== undefined) throw failed.reason;
    } catch (error) {
      const stopped = this.#state === 'stopping' && !(error instanceof StartError);
      await this.stop();
      throw stopped ? new StartError(STOPPED, { cause: error }) : error;
    }
    if (this.#state === 'starting') this.#state = 'running';
    for (const { realm, role, devices, missing, place, ruleInOneLine } of this.silenced) {
      this.#log.warn(
        { realm, role, devices, missing, hint: `add to ${place}: ${ruleInOneLine}` },
        'devices of a bridge were left without permissions',
      );
    }
    this.#log.info(
      {
        version: this.#version,
        listeners: this.listeners.map(({ config, address }) => `${config.type} ${address}`),
        bridges: this.#hosts.map(({ name }) => name),
      },
      'gateway started',
    );
  }

  /** Without the reason, which contains paths. The log has it. */
  #storeStatus(): GatewayStatus['store'] {
    if (this.#store?.status === undefined) return undefined;
    const { reason: _, ...status } = this.#store.status;
    return status;
  }

  get #openStore(): GatewayStore {
    if (this.#store === undefined) throw new Error('the store is not open');
    return this.#store;
  }

  #watchPrincipals({ principals, realms }: GatewayConfig): PrincipalWatch | undefined {
    if (typeof principals !== 'string') return undefined;
    const log = this.#log.child({ part: 'principals' });
    const changes = new PrincipalChanges(this.#access.directory, () => this.#router, log);
    return new PrincipalWatch({
      file: principals,
      realms: realms.map(({ name }) => name),
      log,
      changed: (records, pepper) => changes.apply(records, pepper),
    });
  }

  #makeHosts(enabled: readonly EnabledBridge[]): BridgeHost[] {
    const realm = this.#home;
    const { directory } = this.#access;
    const { admission } = this.#pairing;
    const isTaken = (name: string): boolean => admission.isTaken(realm, name);
    const dependencies: BridgeDependencies = {
      realm,
      log: this.#log,
      clock: this.#clock,
      refusals: this.#refusals,
      ages: this.#ages,
      attach: link => this.#router.attach(link),
      namespaces: enabled.flatMap(({ bridge, section }) => bridge.namespaces?.(section) ?? []),
      identify: (shown, policy) => admission.identify(shown, policy),
      ownerNow: (owner, policy) => ownerNow(owner, policy, { realm, directory, isTaken }),
      isPrincipal: authid => directory.find(realm, authid) !== undefined,
      realmAccess: realmAccess(() => this.#router.realm(realm)),
      store: () => this.#openStore.store,
      acceptWebSockets: (subprotocols, accept) => this.#network.foreign.claim(subprotocols, accept),
      listenRawSocket: (name, options, accept) => this.#network.listenForBridge(name, options, accept),
      dialRawSocket: options => this.#network.dialRawSocket(options),
    };
    const demo = this.config.demo ?? false;
    return enabled.map(({ bridge, section }) => new BridgeHost(bridge, section, demo, dependencies));
  }

  async #stop(): Promise<void> {
    if (this.#state === 'running') this.#log.info({ sessions: this.#router.sessionCount }, 'gateway stopping');
    this.#state = 'stopping';
    // Keeps the process alive: the clock's timers do not, and the sockets are closed.
    const alive = setInterval(() => {}, STOP);
    const inTime = await completesWithin(this.#stopParts(), STOP, this.#clock).catch((error: unknown) => {
      this.#log.error({ err: error }, 'gateway stop failed');
      return true;
    });
    clearInterval(alive);
    if (!inTime) this.#log.warn({ milliseconds: STOP }, 'gateway did not stop in time');
  }

  async #stopParts(): Promise<void> {
    this.#principalFile?.stop();
    // Listeners accept no new connections. Open connections stay until GOODBYE.
    const closed = this.#listeners.close();
    const stopped = Promise.all([...this.#hosts].reverse().map(host => host.stop()));
    if (!(await completesWithin(stopped, BRIDGES_STOP, this.#clock))) {
      const late = this.#hosts.filter(({ state }) => state !== 'stopped').map(({ name }) => name);
      this.#log.warn({ bridges: late }, 'bridges did not stop in time');
    }
    // Before the sessions end, so that the meta API does not announce their ends.
    await this.#meta.stop();
    await this.#router.close();
    await closed;
    await stopped;
    this.#refusals.stop();
    await this.#store?.[Symbol.asyncDispose]();
  }
}
