import type { Qos } from '../../source/mqtt-source.ts';
import { FilterTree } from './filter-tree.ts';
import type { MqttSession } from './mqtt-session.ts';
import { SharedGroup } from './shared-group.ts';
import { sharedName } from './topic-filter.ts';

export type SessionGroup = SharedGroup<MqttSession>;

/** The receivers of the messages of one topic. */
export interface TopicRoute {
  readonly targets: readonly { readonly session: MqttSession; readonly qos: Qos }[];
  readonly groups: readonly SessionGroup[];
  /** Whether a message at QoS 1 or 2 is written to the store for one of them. */
  readonly stored: boolean;
}

/** Limits of the cache of routes: topics, and bytes. */
const MAX_ROUTES = 4096;
const MAX_ROUTE_BYTES = 8 * 1024 * 1024;
/** Bytes of a route and of each of its targets. */
const [ROUTE, TARGET] = [400, 72];
/**
 * Bytes of a filter: two nodes of the tree with their maps, and a place in the session. A shared one has a group too.
 */
const [FILTER, GROUP] = [600, 600];
/**
 * Bytes of each character of a filter. It is stored in the session and in the tree, and takes two bytes beyond Latin-1.
 */
const CHARACTER = 4;
/** The part of the memory limit that one session may use. */
const SHARE = 1 / 8;
/** Bytes that a session may subscribe even if the memory limit is reached. */
const ALWAYS = 4096;

/** The subscriptions of all sessions. */
export class Subscriptions {
  readonly #plain = new FilterTree<MqttSession, Qos>();
  readonly #shared = new FilterTree<SessionGroup, SessionGroup>();
  readonly #groups = new Map<string, SessionGroup>();
  /** Routes by topic. Devices publish to the same topics again and again. A changed subscription clears this cache. */
  readonly #routes = new Map<string, TopicRoute>();
  readonly #maxBytes: number;
  #routeBytes = 0;
  #count = 0;
  #sharedCount = 0;
  #bytes = 0;

  /** `maxBytes`: memory limit of all subscriptions. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get count(): number {
    return this.#count;
  }

  get sharedCount(): number {
    return this.#sharedCount;
  }

  /** Memory of all subscriptions, in bytes. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Whether a filter of a session fits into the memory limit. */
  accepts(session: MqttSession, filter: string): boolean {
    if (session.subscriptions.has(filter)) return true;
    const bytes = session.subscriptionBytes + bytesOf(filter);
    if (bytes <= ALWAYS) return true;
    return bytes <= this.#maxBytes * SHARE && this.#bytes + bytesOf(filter) <= this.#maxBytes;
  }

  group(name: string): SessionGroup | undefined {
    return this.#groups.get(name);
  }

  /** Adds a valid filter, as the client wrote it. */
  add(session: MqttSession, filter: string, qos: Qos): void {
    this.#forgetRoutes();
    const shared = sharedName(filter);
    if (!session.subscriptions.has(filter)) this.#counted(session, filter, 1);
    session.subscriptions.set(filter, qos);
    if (shared === undefined || shared === null) {
      this.#plain.set(filter, session, qos);
      return;
    }
    let group = this.#groups.get(filter);
    if (group === undefined) {
      group = new SharedGroup(filter);
      this.#groups.set(filter, group);
      this.#shared.set(shared.filter, group, group);
    }
    group.set(session, qos);
  }

  remove(session: MqttSession, filter: string): boolean {
    if (!session.subscriptions.delete(filter)) return false;
    this.#forgetRoutes();
    const shared = sharedName(filter);
    this.#counted(session, filter, -1);
    if (shared === undefined || shared === null) {
      this.#plain.delete(filter, session);
      return true;
    }
    const group = this.#groups.get(filter);
    group?.delete(session);
    if (group?.empty === true) {
      this.#groups.delete(filter);
      this.#shared.delete(shared.filter, group);
    }
    return true;
  }

  route(topic: string): TopicRoute {
    let route = this.#routes.get(topic);
    if (route === undefined) {
      route = this.#find(topic);
      const bytes = ROUTE + 2 * topic.length + TARGET * (route.targets.length + route.groups.length);
      if (this.#routes.size >= MAX_ROUTES || this.#routeBytes + bytes > MAX_ROUTE_BYTES) this.#forgetRoutes();
      if (bytes > MAX_ROUTE_BYTES) return route;
      this.#routes.set(topic, route);
      this.#routeBytes += bytes;
    }
    return route;
  }

  #find(topic: string): TopicRoute {
    // If subscriptions of a client overlap, the highest QoS counts. [MQTT-3.3.5-1]
    const best = new Map<MqttSession, Qos>();
    this.#plain.match(topic, (session, qos) => {
      if ((best.get(session) ?? 0) <= qos) best.set(session, qos);
    });
    const groups = new Set<SessionGroup>();
    this.#shared.match(topic, group => groups.add(group));
    const isStored = (session: MqttSession, qos: Qos): boolean => session.journal !== undefined && qos > 0;
    return {
      targets: Array.from(best, ([session, qos]) => ({ session, qos })),
      groups: [...groups],
      stored:
        Array.from(best).some(([session, qos]) => isStored(session, qos)) ||
        [...groups].some(group => group.some(isStored)),
    };
  }

  #forgetRoutes(): void {
    this.#routes.clear();
    this.#routeBytes = 0;
  }

  #counted(session: MqttSession, filter: string, change: 1 | -1): void {
    const bytes = change * bytesOf(filter);
    this.#count += change;
    this.#bytes += bytes;
    session.subscriptionBytes += bytes;
    if (sharedName(filter) !== undefined) this.#sharedCount += change;
  }
}

function bytesOf(filter: string): number {
  return FILTER + CHARACTER * filter.length + (sharedName(filter) === undefined ? 0 : GROUP);
}
