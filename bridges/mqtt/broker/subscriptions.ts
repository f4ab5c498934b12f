import type { Qos } from '../mqtt-source.ts';
import { FilterTree } from './filter-tree.ts';
import type { Session } from './session.ts';
import { SharedGroup } from './shared-group.ts';
import { sharedName } from './topic-filter.ts';

export type SessionGroup = SharedGroup<Session>;

/** Who gets the messages of one topic. */
export interface Route {
  readonly targets: readonly { readonly session: Session; readonly qos: Qos }[];
  readonly groups: readonly SessionGroup[];
  /** Whether a message at QoS 1 or 2 may have to be stored for one of them. */
  readonly stored: boolean;
}

/** Topics whose routes are remembered. */
const MAX_ROUTES = 4096;

/** All subscriptions of all sessions. */
export class Subscriptions {
  readonly #plain = new FilterTree<Session, Qos>();
  readonly #shared = new FilterTree<SessionGroup, SessionGroup>();
  readonly #groups = new Map<string, SessionGroup>();
  /** Devices publish to the same topics again and again. Forgotten as soon as a subscription changes. */
  readonly #routes = new Map<string, Route>();
  #count = 0;
  #sharedCount = 0;

  get count(): number {
    return this.#count;
  }

  get sharedCount(): number {
    return this.#sharedCount;
  }

  group(name: string): SessionGroup | undefined {
    return this.#groups.get(name);
  }

  /** `filter` is valid, and as the client wrote it. */
  add(session: Session, filter: string, qos: Qos): void {
    this.#routes.clear();
    const shared = sharedName(filter);
    if (!session.subscriptions.has(filter)) this.#counted(shared !== undefined, 1);
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

  remove(session: Session, filter: string): boolean {
    if (!session.subscriptions.delete(filter)) return false;
    this.#routes.clear();
    const shared = sharedName(filter);
    this.#counted(shared !== undefined, -1);
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

  route(topic: string): Route {
    let route = this.#routes.get(topic);
    if (route === undefined) {
      route = this.#find(topic);
      if (this.#routes.size >= MAX_ROUTES) this.#routes.clear();
      this.#routes.set(topic, route);
    }
    return route;
  }

  #find(topic: string): Route {
    // Of a client's subscriptions that overlap, the one with the highest QoS counts. [MQTT-3.3.5-1]
    const best = new Map<Session, Qos>();
    this.#plain.match(topic, (session, qos) => {
      if ((best.get(session) ?? 0) <= qos) best.set(session, qos);
    });
    const groups = new Set<SessionGroup>();
    this.#shared.match(topic, group => groups.add(group));
    const isStored = (session: Session, qos: Qos): boolean => session.journal !== undefined && qos > 0;
    return {
      targets: Array.from(best, ([session, qos]) => ({ session, qos })),
      groups: [...groups],
      stored:
        Array.from(best).some(([session, qos]) => isStored(session, qos)) ||
        [...groups].some(group => group.some(isStored)),
    };
  }

  #counted(shared: boolean, change: number): void {
    this.#count += change;
    if (shared) this.#sharedCount += change;
  }
}
