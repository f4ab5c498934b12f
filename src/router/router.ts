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
  /** The rule for valid topics and procedures. */
  readonly uri: UriRule;
  /** Topics and patterns whose events are recorded. Default: none. */
  readonly history?: readonly HistoryOptions[];
  /** Default: in memory, with the limits `defaultRetention`. */
  readonly retained?: RetainedStore;
  /** Default `none`. */
  readonly takeover?: Takeover;
  /** Topics that only parts of this program may publish to. Default: none. */
  readonly owned?: readonly OwnedTopics[];
}

export interface RouterOptions {
  readonly realms: readonly RealmOptions[];
  readonly authenticator: Authenticator;
  /** Default: every session may do every action. */
  readonly authorizer?: Authorizer;
  readonly clock: Clock;
  readonly log: Logger;
  /** Counts refusals and logs them in summary. Default: one for this router. */
  readonly refusals?: RefusalSummary;
  /** Default: random, as the specification requires for ids of global scope. */
  readonly sessionIds?: IdSource;
  readonly publicationIds?: IdSource;
  /** From 0 to 1. Default: `Math.random`. */
  readonly random?: () => number;
  /** WELCOME.Details.agent. Default `wampway`. */
  readonly agent?: string;
  readonly limits?: Partial<RouterLimits>;
  readonly observer?: RouterObserver;
  /** Limits of the send queue of a principal. Default: those of its listener. */
  readonly outgoingOf?: (realm: string, principal: Principal) => Partial<OutgoingPolicy> | undefined;
  /** Limits of a principal. Default: the general limits. */
  readonly limitsOf?: (realm: string, principal: Principal) => PrincipalLimits | undefined;
}

/**
 * A WAMP router: broker and dealer for one or more realms. It receives and sends messages through the attached links
 * only. It has no sockets, and its clock is passed to it.
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

  /**
   * Attaches a link. With `principal` or `link.info.principal`, its sessions join as that principal without a
   * challenge.
   */
  attach(link: Link, principal?: Principal): void {
    if (this.#closing !== undefined) {
      link.close('the router is shutting down');
      return;
    }
    const known = principal ?? link.info.principal;
    const connection = new RouterConnection(this.#options, link, known, closed => this.#forget(closed));
    this.#connections.add(connection);
    link.open(connection);
  }

  /** Sends GOODBYE to every session, waits a limited time for the answers, and closes every link. Idempotent. */
  close(reason: Uri = CloseUri.SystemShutdown): Promise<void> {
    this.#closing ??= new Promise(resolve => {
      if (this.#connections.size === 0) return resolve();
      const { clock, limits } = this.#options;
      // Later than the timeouts of the connections for the answer to GOODBYE.
      const deadline = clock.after(limits.goodbyeTimeout + 500, resolve);
      this.#allGone = () => {
        deadline.cancel();
        resolve();
      };
      for (const connection of this.#connections) connection.shutDown(reason, 'the router is shutting down');
    });
    return this.#closing;
  }

  /** Sessions of clients on all realms. Internal sessions do not count. */
  get sessionCount(): number {
    let count = 0;
    for (const realm of this.#realms.values()) count += realm.view.sessionCount;
    return count;
  }

  /** Attached links, with or without a session. */
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
