import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import { RefusalSummary } from '../base/refusal-summary.ts';
import type { Link, Principal } from '../link/link.ts';
import type { OutgoingPolicy } from '../link/outgoing-policy.ts';
import { CloseUri } from '../wamp/errors.ts';
import { asId, type Id, type IdSource, randomIds } from '../wamp/ids.ts';
import type { Uri, UriRule } from '../wamp/uri.ts';
import type { HistoryOptions } from './broker/broker.ts';
import { MemoryRetainedStore } from './broker/retention/memory-retained-store.ts';
import type { RetainedStore } from './broker/retention/retained-store.ts';
import { RouterConnection } from './join/connection.ts';
import type { HandshakeOptions } from './join/handshake.ts';
import type { Authenticator } from './policy/authenticator.ts';
import { type Authorizer, allowAll } from './policy/authorizer.ts';
import { defaultRouterLimits, type RouterLimits } from './quota/limits.ts';
import { memoryShares } from './quota/memory-share.ts';
import type { PrincipalLimits } from './quota/principal-quota.ts';
import { QuotaTable } from './quota/quota-table.ts';
import { Realm } from './realm/realm.ts';
import type { RealmView } from './realm/realm-view.ts';
import type { RouterObserver } from './session/observer.ts';
import type { OwnedTopics } from './session/owned-topics.ts';
import { RealmRules, type Takeover } from './session/realm-rules.ts';

export interface RealmOptions {
  readonly name: string;
  /** How topics and procedures are checked. */
  readonly uri: UriRule;
  /** Topics and patterns whose events are recorded. Default: none. */
  readonly history?: readonly HistoryOptions[];
  /** Where retained events are kept. Default: in memory, within `defaultRetention`. */
  readonly retained?: RetainedStore;
  /** Default `none`. */
  readonly takeover?: Takeover;
  /** Topics that parts of this program alone publish. Default: none. */
  readonly owned?: readonly OwnedTopics[];
}

export interface RouterOptions {
  readonly realms: readonly RealmOptions[];
  readonly authenticator: Authenticator;
  /** Default: everybody who has joined may do everything. */
  readonly authorizer?: Authorizer;
  readonly clock: Clock;
  readonly log: Logger;
  /** Counts and sums up who is refused. Default: one of this router alone. */
  readonly refusals?: RefusalSummary;
  /** Default: at random, as the specification wants global ids. */
  readonly sessionIds?: IdSource;
  readonly publicationIds?: IdSource;
  /** From 0 to 1. Default: `Math.random`. */
  readonly random?: () => number;
  /** WELCOME.Details.agent. Default `wampway`. */
  readonly agent?: string;
  readonly limits?: Partial<RouterLimits>;
  readonly observer?: RouterObserver;
  /** What may wait for a principal's session, in part or whole. Default: what its listener grants. */
  readonly outgoingOf?: (realm: string, principal: Principal) => Partial<OutgoingPolicy> | undefined;
  /** What a principal may take. Default: what everybody may. */
  readonly limitsOf?: (realm: string, principal: Principal) => PrincipalLimits | undefined;
}

/**
 * A WAMP router: broker and dealer for a number of realms. Messages come in by the links attached to it and go out by
 * them; it has no socket, no timer and no clock of its own.
 */
export class Router {
  readonly #realms = new Map<string, Realm>();
  readonly #connections = new Set<RouterConnection>();
  readonly #options: HandshakeOptions;
  #allGone: (() => void) | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: RouterOptions) {
    const { clock, log, authenticator, agent = 'wampway', sessionIds = randomIds } = options;
    const limits = { ...defaultRouterLimits, ...options.limits };
    const shares = memoryShares(limits);
    for (const realm of options.realms) {
      const { name, uri, takeover = 'none', history = [], owned = [], retained = new MemoryRetainedStore() } = realm;
      const rules = new RealmRules({
        name,
        uriRule: uri,
        clock,
        log: log.child({ realm: name }),
        limits,
        shares,
        observer: options.observer ?? {},
        publicationIds: options.publicationIds ?? randomIds,
        authorizer: options.authorizer ?? allowAll,
        takeover,
        owned,
        random: options.random ?? Math.random,
      });
      this.#realms.set(name, new Realm(rules, retained, history));
    }
    const router = this;
    this.#options = {
      clock,
      log,
      refusals: options.refusals ?? new RefusalSummary(clock),
      limits,
      authenticator,
      agent,
      get isFull() {
        return router.sessionCount >= limits.sessions;
      },
      realm: name => this.#realms.get(name),
      outgoingOf: options.outgoingOf ?? (() => undefined),
      quotas: new QuotaTable(options.limitsOf ?? (() => undefined), clock),
      newSessionId: () => this.#newSessionId(sessionIds),
    };
  }

  /** Takes a link on. With `principal`, or `link.info.principal`, its sessions are admitted as that. */
  attach(link: Link, principal?: Principal): void {
    if (this.#closing !== undefined) {
      link.close('the router is shutting down');
      return;
    }
    const vouched = principal ?? link.info.principal;
    const connection = new RouterConnection(this.#options, link, vouched, gone => this.#forget(gone));
    this.#connections.add(connection);
    link.open(connection);
  }

  /** Says GOODBYE to every session, waits a bounded time for the answers, and closes every link. Idempotent. */
  close(reason: Uri = CloseUri.SystemShutdown): Promise<void> {
    this.#closing ??= new Promise(resolve => {
      if (this.#connections.size === 0) return resolve();
      const { clock, limits } = this.#options;
      // Somewhat later than the connections' own wait for the answer to GOODBYE.
      const deadline = clock.after(limits.goodbyeTimeout + 500, resolve);
      this.#allGone = () => {
        deadline.cancel();
        resolve();
      };
      for (const connection of this.#connections) connection.shutDown(reason, 'the router is shutting down');
    });
    return this.#closing;
  }

  /** Sessions on all realms; those that are part of this program are not among them. */
  get sessionCount(): number {
    let count = 0;
    for (const realm of this.#realms.values()) count += realm.view.sessionCount;
    return count;
  }

  /** Links attached, with or without a session. */
  get linkCount(): number {
    return this.#connections.size;
  }

  realms(): readonly RealmView[] {
    return Array.from(this.#realms.values(), ({ view }) => view);
  }

  realm(name: string): RealmView | undefined {
    return this.#realms.get(name)?.view;
  }

  #newSessionId(ids: IdSource): Id<'session'> {
    for (;;) {
      const id = asId<'session'>(ids());
      if (![...this.#realms.values()].some(realm => realm.has(id))) return id;
    }
  }

  #forget(connection: RouterConnection): void {
    this.#connections.delete(connection);
    if (this.#connections.size === 0) this.#allGone?.();
  }
}
