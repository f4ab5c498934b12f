import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { getHeapStatistics } from 'node:v8';
import { type Clock, systemClock } from '../base/clock.ts';
import { type Logger, silentLogger } from '../base/logger.ts';
import { RefusalSummary } from '../base/refusal-summary.ts';
import { AgeClock } from '../base/time/age-clock.ts';
import type { Link } from '../link/link.ts';
import { MetaApi } from '../meta/meta-api.ts';
import { Router } from '../router/router.ts';
import type { OwnedTopics } from '../router/session/owned-topics.ts';
import type { Listening } from '../transport/endpoint/listening.ts';
import { asUri } from '../wamp/uri.ts';
import { Access } from './access/access.ts';
import { authorizerOf } from './access/authorizer-of.ts';
import type { Bridge } from './bridge/bridge.ts';
import type { GatewayConfig, ListenerConfig } from './config/config-schema.ts';
import { GatewayNetwork } from './gateway-network.ts';
import { GatewayStore } from './gateway-store.ts';
import { BridgeHost } from './hosting/bridge-host.ts';
import { ownerNow } from './hosting/owner-now.ts';
import { publishingOf } from './hosting/publishing-of.ts';
import { type SilencedDevices, silencedDevices } from './hosting/silenced-devices.ts';
import { GatewayPairing } from './pairing/gateway-pairing.ts';
import { endStrangers } from './principals/end-strangers.ts';
import { outgoingByRole } from './principals/outgoing-by-role.ts';
import { limitsByPrincipal } from './principals/principal-settings.ts';
import { PrincipalWatch } from './principals/principal-watch.ts';
import { RemovedPrincipals } from './principals/removed-principals.ts';
import { realmOptions } from './realm-options.ts';
import { bounded } from './support/bounded.ts';
import { packageVersion } from './support/package-files.ts';
import { StartError, startErrorOf } from './support/start-error.ts';
import type { GatewayStatus } from './web/gateway-status.ts';
import { webPages } from './web/web-pages.ts';

export interface GatewayOptions {
  /** The bridges that the configuration may switch on. */
  readonly bridges: readonly Bridge[];
  readonly log?: Logger;
  readonly clock?: Clock;
  /** Folder of the page that web listeners serve; none is served without it. */
  readonly pageFolder?: string;
}

/** A listener that listens, for whoever shows or uses it. */
export interface GatewayListener {
  readonly config: ListenerConfig;
  /** `127.0.0.1:8080`, with the port that was really taken; `unix:/run/wampway.sock`. */
  readonly address: string;
  /** 0 for a Unix socket. */
  readonly port: number;
}

/** Milliseconds that bridges have to stop, then sessions to answer GOODBYE, then everything together. */
const BRIDGES_STOP = 800;
const GOODBYE = 800;
const STOP = 2_500;

const STOPPED = 'the gateway was stopped while it started';

/** The gateway: a router, listeners and bridges, built from one configuration, started and stopped in order. */
export class Gateway implements AsyncDisposable {
  readonly config: GatewayConfig;
  readonly #log: Logger;
  readonly #clock: Clock;
  /** Devices that the roles of the configuration leave without any right that they need. */
  readonly silenced: readonly SilencedDevices[];
  readonly #ages: AgeClock;
  readonly #pageFolder: string | undefined;
  readonly #router: Router;
  readonly #access: Access;
  readonly #principalFile: PrincipalWatch | undefined;
  readonly #pairing: GatewayPairing;
  readonly #meta: MetaApi;
  readonly #network: GatewayNetwork;
  readonly #refusals: RefusalSummary;
  readonly #hosts: readonly BridgeHost[];
  readonly #version = packageVersion();
  readonly #madeAt: number;
  readonly #listening: { readonly listener: GatewayListener; readonly socket: Listening }[] = [];
  #store: GatewayStore | undefined;
  #state: 'starting' | 'running' | 'stopping' = 'starting';
  #starting: Promise<void> | undefined;
  #stopping: Promise<void> | undefined;

  /** Builds the parts; nothing listens yet. */
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
    const home = config.realms[0]?.name ?? '';
    this.#pairing = new GatewayPairing(home, this.#access, this.#principalFile, {
      clock,
      log,
      refusals: this.#refusals,
    });
    this.#meta = new MetaApi({
      clock,
      log: log.child({ part: 'meta' }),
      policies: new Map(config.realms.map(({ name, meta }) => [name, meta])),
      // Asked about everything that is not the meta API's.
      authorizer: authorizerOf(config, { clock, log, attach: link => this.#router.attach(link) }),
      more: name => this.#pairing.procedures(name),
    });
    this.#router = new Router({
      realms: config.realms.map((realm, index) => ({
        ...realmOptions(realm),
        // Bridges are on the first realm.
        ...(index === 0 && { owned: ownedTopics(config, options.bridges) }),
      })),
      authenticator: this.#pairing.admission,
      authorizer: this.#meta.authorizer,
      observer: this.#meta.observer,
      clock,
      log: log.child({ part: 'router' }),
      refusals: this.#refusals,
      agent: `wampway-${this.#version}`,
      limits: {
        goodbyeTimeout: GOODBYE,
        uriComponents: config.limits.maxUriComponents,
        sharedBytes: getHeapStatistics().heap_size_limit / 3,
      },
      outgoingOf: outgoingByRole(config.realms),
      limitsOf: limitsByPrincipal(config.realms, this.#access.directory),
    });
    this.silenced = silencedDevices(config, options.bridges);
    this.#network = new GatewayNetwork(config.limits, log, clock, this.#refusals);
    this.#hosts = this.#makeHosts(options.bridges);
  }

  /** Sessions on all realms, those of devices included; those that are part of this program are not among them. */
  get sessionCount(): number {
    return this.#router.sessionCount;
  }

  /** What listens, in the order of the configuration. */
  get listeners(): readonly GatewayListener[] {
    return this.#listening.map(({ listener }) => listener);
  }

  /** The bridges that are on. */
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
   * Starts the meta API, listeners, then bridges. Rejects with `StartError` where the configuration or the machine
   * forbids it; what had started is stopped then.
   */
  start(): Promise<void> {
    this.#starting ??= this.#start();
    return this.#starting;
  }

  /**
   * Stops taking connections, stops the bridges, says GOODBYE to every session and closes what is left: in less than
   * three seconds, whatever hangs. Never rejects. Idempotent.
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
      // Before anybody can join, so that everybody is told of it and WELCOME announces it to all.
      await this.#meta.start(this.#router);
      this.#principalFile?.start();
      for (const [index, listener] of this.config.listeners.entries()) await this.#listen(listener, index);
      // Side by side, so that a slow one does not hold up the others.
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
        'devices that a bridge admits were left without permissions',
      );
    }
    this.#log.info(
      {
        version: this.#version,
        listeners: this.listeners.map(({ config, address }) => `${config.type} ${address}`),
        bridges: this.#hosts.map(({ name }) => name),
      },
      'the gateway runs',
    );
  }

  async #listen(config: ListenerConfig, index: number): Promise<void> {
    const name = `listeners[${index}]`;
    const accept = (link: Link): void => this.#router.attach(link);
    try {
      const socket =
        config.type === 'web'
          ? await this.#network.listenWeb(name, config, await this.#services(config), accept)
          : await this.#network.listenRawSocket(name, config, accept);
      if (this.#state === 'stopping') {
        await socket[Symbol.asyncDispose]();
        throw new StartError(STOPPED);
      }
      const { address, port } = socket;
      this.#listening.push({ listener: { config, address, port }, socket });
      this.#log.debug({ listener: name, type: config.type, address }, 'listening');
    } catch (error) {
      throw startErrorOf(error, name, `${name} in the configuration`) ?? error;
    }
  }

  async #services(config: Extract<ListenerConfig, { type: 'web' }>) {
    const realm = this.config.realms[0]?.name ?? '';
    const pageFolder = this.hasPage ? this.#pageFolder : undefined;
    const onRequest = await webPages(config, { realm, pageFolder, status: () => this.status });
    return { onRequest, cookies: this.#access.cookies };
  }

  /** The reason stays in the log: it names paths. */
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
    const { directory } = this.#access;
    const removed = new RemovedPrincipals(() => this.#router, this.#log.child({ part: 'principals' }));
    return new PrincipalWatch({
      file: principals,
      realms: realms.map(({ name }) => name),
      log: this.#log.child({ part: 'principals' }),
      changed: (records, pepper) => {
        directory.replace(records, pepper);
        endStrangers(this.#router, directory);
        removed.update(records);
      },
    });
  }

  #makeHosts(bridges: readonly Bridge[]): BridgeHost[] {
    const realm = this.config.realms[0]?.name ?? '';
    const on = bridges.filter(({ name }) => isOn(this.config.bridges[name]));
    const namespaces = on.flatMap(bridge => bridge.namespaces?.(this.config.bridges[bridge.name]) ?? []);
    return on.map(bridge => {
      const section = this.config.bridges[bridge.name];
      return new BridgeHost(bridge, section, this.config.demo ?? false, {
        realm,
        log: this.#log,
        clock: this.#clock,
        refusals: this.#refusals,
        ages: this.#ages,
        attach: link => this.#router.attach(link),
        namespaces,
        identify: (shown, terms) => this.#pairing.admission.identify(shown, terms),
        ownerNow: (owner, terms) => {
          const isTaken = (name: string): boolean => this.#pairing.admission.isTaken(realm, name);
          return ownerNow(owner, terms, { realm, directory: this.#access.directory, isTaken });
        },
        isPrincipal: authid => this.#access.directory.find(realm, authid) !== undefined,
        retainedBy: topic => this.#router.realm(realm)?.broker.retained.newest(topic)?.publisher,
        permits: ({ id }, action, uri, match) => {
          const home = this.#router.realm(realm);
          const session = home?.session(id);
          return session !== undefined && home?.may(session, action, asUri(uri), match) === true;
        },
        publishing: publishingOf(() => this.#router.realm(realm)),
        store: () => this.#openStore.store,
        acceptWebSockets: (subprotocols, accept) => this.#network.foreign.take(subprotocols, accept),
        retainedPublication: topic => this.#router.realm(realm)?.broker.retained.newest(topic)?.publication,
        forgetRetained: (topic, publication) => {
          const broker = this.#router.realm(realm)?.broker;
          if (broker?.retained.newest(topic)?.publication === publication) broker.forgetRetained(asUri(topic));
        },
        listenRawSocket: (name, options, accept) => this.#network.listenForBridge(name, options, accept),
        dialRawSocket: options => this.#network.dialRawSocket(options),
      });
    });
  }

  async #stop(): Promise<void> {
    // Of one that could not start, why not says it all.
    if (this.#state === 'running') this.#log.info({ sessions: this.#router.sessionCount }, 'the gateway stops');
    this.#state = 'stopping';
    // The clock's timers keep no process alive, and soon there is no socket left that would.
    const alive = setInterval(() => {}, STOP);
    const inTime = await bounded(this.#stopParts(), STOP, this.#clock).catch((error: unknown) => {
      this.#log.error({ err: error }, 'the gateway did not stop as it should');
      return true;
    });
    clearInterval(alive);
    if (!inTime) this.#log.warn({ milliseconds: STOP }, 'not everything stopped in time');
  }

  async #stopParts(): Promise<void> {
    this.#principalFile?.stop();
    // From now on nobody gets in; who is in keeps the connection until GOODBYE.
    const closed = Promise.allSettled(this.#listening.map(({ socket }) => socket[Symbol.asyncDispose]()));
    const stopped = Promise.all([...this.#hosts].reverse().map(host => host.stop()));
    if (!(await bounded(stopped, BRIDGES_STOP, this.#clock))) {
      const late = this.#hosts.filter(({ state }) => state !== 'stopped').map(({ name }) => name);
      this.#log.warn({ bridges: late }, 'bridges did not stop in time');
    }
    // Nobody is told who else is shown out.
    await this.#meta.stop();
    await this.#router.close();
    await closed;
    await stopped;
    this.#refusals.stop();
    await this.#store?.[Symbol.asyncDispose]();
  }
}

function isOn(section: unknown): boolean {
  return section !== undefined && section !== false;
}

/** The topics that the bridges which are on publish themselves. */
function ownedTopics({ bridges: sections }: GatewayConfig, bridges: readonly Bridge[]): OwnedTopics[] {
  return bridges
    .filter(({ name }) => isOn(sections[name]))
    .flatMap(({ name, owns }) =>
      (owns?.(sections[name]) ?? []).map(topics => ({ ...topics, listener: `bridge:${name}` })),
    );
}
