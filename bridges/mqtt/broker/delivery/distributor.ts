import type { Owner } from '../../../../src/gateway/bridge/bridge.ts';
import type { DropCounter } from '../../report/drop-counter.ts';
import type { Qos } from '../../source/mqtt-source.ts';
import type { Journal } from '../durability/journal.ts';
import { BrokerMessage } from '../messages/broker-message.ts';
import type { RetainedMessages } from '../messages/retained-messages.ts';
import { type QueuedMessage, QueuedState } from '../messages/session-queue.ts';
import { publish } from '../packets/packet-encoder.ts';
import { EXPIRY_RUN, type MqttSession } from '../sessions/mqtt-session.ts';
import type { SessionGroup, Subscriptions, TopicRoute } from '../sessions/subscriptions.ts';

const NOWHERE: TopicRoute = Object.freeze({ targets: [], groups: [], stored: false });

/** A message that is being written, and who gets it then. */
export interface Staged {
  readonly route: TopicRoute;
  /** Queues that hold it already. */
  readonly queued: readonly Queued[];
  /** Members of shared subscriptions whose turn it was. */
  readonly picked: readonly Picked[];
  readonly committed: Promise<void>;
}

interface Queued {
  readonly session: MqttSession;
  readonly entry: QueuedMessage;
}

interface Picked {
  readonly group: SessionGroup;
  readonly session: MqttSession;
  readonly qos: Qos;
}

export interface DistributorParts {
  readonly subscriptions: Subscriptions;
  readonly retained: RetainedMessages;
  readonly journal: Journal | undefined;
  readonly drops: DropCounter;
  /** A message on a topic is about to reach its subscribers, perhaps before what is retained there. */
  overtake(topic: string): void;
  /** A retained message has given way to another. */
  evicted(topic: string): void;
}

/**
 * Takes messages to their subscribers, in two steps: what must not be lost is written first, and once it is on disk,
 * everybody gets it. So nobody hears of a message that a crash could take back.
 */
export class Distributor {
  readonly #parts: DistributorParts;
  /** Retained messages at QoS 0, whose writing nobody waits for: by topic, so that many of one make one write. */
  readonly #unwritten = new Map<string, BrokerMessage>();

  constructor(parts: DistributorParts) {
    this.#parts = parts;
  }

  /** Writes what has to be. `incoming` is a session that is told so by PUBREC, and under which identifier. */
  stage(message: BrokerMessage, incoming: MqttSession | undefined, id: number): Staged | undefined {
    const { journal, subscriptions } = this.#parts;
    if (journal === undefined) return undefined;
    const route = subscriptions.route(message.topic);
    const remembered = message.qos === 2 && incoming?.journal !== undefined;
    const retained = message.retain && message.qos > 0;
    const stored = route.stored && message.qos > 0;
    if (!remembered && !retained && !stored) return undefined;
    if (stored && !message.retain) this.#parts.overtake(message.topic);
    const picked = route.groups.flatMap(group => pick(group) ?? []);
    const queued = stored ? this.#queue(message, route, picked) : [];
    if (remembered) journal.received(incoming.clientId, id);
    if (retained && this.#mayRetain(message)) this.#writeRetained(message, journal);
    return { route, queued, picked, committed: journal.commit() };
  }

  /** As `stage`, of a message that nobody gets: only that it has come is written. */
  remember(message: BrokerMessage, incoming: MqttSession | undefined, id: number): Staged | undefined {
    const { journal } = this.#parts;
    if (journal === undefined || message.qos !== 2 || incoming?.journal === undefined) return undefined;
    journal.received(incoming.clientId, id);
    return { route: NOWHERE, queued: [], picked: [], committed: journal.commit() };
  }

  /** Could not be written: out of the queues again. */
  unstage({ queued }: Staged): void {
    for (const { session, entry } of queued) session.remove(entry);
    this.#parts.journal?.flush();
  }

  /** Everybody gets the message. */
  release(message: BrokerMessage, staged: Staged | undefined): void {
    const { topic, payload } = message;
    if (message.retain) this.#retain(message);
    else this.#parts.overtake(topic);
    const route = staged?.route ?? this.#parts.subscriptions.route(topic);
    // One packet for all who get it at QoS 0.
    let packet: Buffer | undefined;
    const give = (session: MqttSession, qos: Qos, share?: string): void => {
      const given = lower(qos, message.qos);
      // To others a message is retained only if it is older than their subscription. [MQTT-3.3.1-9]
      const retain = session.bridge && message.retain;
      if (given === 0 && retain) session.deliver(message, 0, true);
      else if (given === 0) {
        const { connection } = session;
        if (connection === undefined) return;
        packet ??= publish(topic, payload, { qos: 0, retain: false, dup: false, id: 0 });
        connection.sendAtMostOnce(packet, payload.length, topic);
      } else if (session.journal === undefined && (session.connected || session.isKept)) {
        session.enqueue(message, given, retain, share);
        session.pump();
      }
    };
    for (const { session, qos } of route.targets) if (message.bridge !== session.clientId) give(session, qos);
    if (route.groups.length > 0) {
      const picked = staged?.picked ?? route.groups.flatMap(group => pick(group) ?? []);
      for (const one of picked) {
        // Who left meanwhile has had no chance: another gets it.
        if (one.session.ended && one.session.journal === undefined) this.#giveAnother(message, one.group);
        else give(one.session, one.qos, one.group.name);
      }
    }
    for (const { session, entry } of staged?.queued ?? []) {
      session.released(entry);
      const group =
        session.ended && entry.share !== undefined ? this.#parts.subscriptions.group(entry.share) : undefined;
      if (group !== undefined) this.#giveAnother(message, group);
    }
  }

  #giveAnother(message: BrokerMessage, group: SessionGroup): void {
    const next = group.pick();
    if (next !== undefined) next.member.deliver(message, lower(next.qos, message.qos), false, group.name);
  }

  /**
   * A member of shared subscriptions is not there any more: what it has not acknowledged goes to others who are.
   * `over`: it will not come back. What a client that will come back may have got at QoS 2 stays its own.
   */
  handOver(session: MqttSession, over: boolean, group?: string): void {
    const { queue } = session;
    for (const entry of queue.shared === 0 ? [] : [...queue.entries()]) {
      const { share, message, qos, state } = entry;
      if (share === undefined || (group !== undefined && share !== group)) continue;
      if (state === QueuedState.Received || state === QueuedState.Staged) continue;
      if (!over && qos === 2 && state === QueuedState.Sent) continue;
      const next = this.#parts.subscriptions.group(share)?.pick(!over, session);
      if (next === undefined) continue;
      // In this order both are of one transaction.
      session.remove(entry);
      next.member.deliver(message, lower(next.qos, message.qos), false, share);
    }
    session.journal?.flush();
  }

  /** Writes the retained messages that nobody waits for. */
  flush(): void {
    const { journal } = this.#parts;
    if (journal === undefined || this.#unwritten.size === 0) return;
    for (const message of this.#unwritten.values()) journal.retained(message);
    this.#unwritten.clear();
    journal.flush();
  }

  #queue(message: BrokerMessage, route: TopicRoute, picked: readonly Picked[]): Queued[] {
    const queued: Queued[] = [];
    const add = (session: MqttSession, qos: Qos, share?: string): void => {
      const given = lower(qos, message.qos);
      if (given === 0 || session.journal === undefined) return;
      const entry = session.enqueue(message, given, session.bridge && message.retain, share);
      if (entry !== undefined) queued.push({ session, entry });
    };
    for (const { session, qos } of route.targets) if (message.bridge !== session.clientId) add(session, qos);
    for (const { session, qos, group } of picked) add(session, qos, group.name);
    return queued;
  }

  #writeRetained(message: BrokerMessage, journal: Journal): void {
    this.#unwritten.delete(message.topic);
    journal.retained(message);
  }

  /**
   * Forgets the retained messages of owners that do not exist any more; the realm has forgotten its own at once. Yields for
   * each that is forgotten, and for each run of others.
   */
  *forgetOwners(isGone: (owner: Owner) => boolean): Generator<void, void, undefined> {
    const known = new Map<Owner, boolean>();
    let others = 0;
    for (const { topic, owner } of [...this.#parts.retained.values()]) {
      const gone = owner !== undefined && (known.get(owner) ?? isGone(owner));
      if (owner !== undefined) known.set(owner, gone);
      if (gone && this.#parts.retained.get(topic)?.owner === owner) {
        this.#forget(topic);
        yield;
      } else if (++others % EXPIRY_RUN === 0) {
        yield;
      }
    }
  }

  #forget(topic: string): void {
    this.#parts.retained.set(new BrokerMessage(topic, Buffer.alloc(0), 0, true, 0));
    this.#unwritten.delete(topic);
    this.#parts.journal?.forgetRetained(topic);
    this.#parts.evicted(topic);
  }

  /** Whether there is room for a retained message, after those that give way to it have gone. */
  #mayRetain(message: BrokerMessage): boolean {
    const { retained, drops } = this.#parts;
    while (!retained.accepts(message)) {
      const victim = retained.victim(message);
      if (victim === undefined) return false;
      const { topic } = victim;
      this.#forget(topic);
      drops.add('a retained message gave its place to one of another client ("retained")', { topic });
    }
    return true;
  }

  #retain(message: BrokerMessage): void {
    const { retained, drops, journal } = this.#parts;
    if (!this.#mayRetain(message)) {
      drops.add('no room for another retained message', { topic: message.topic });
      return;
    }
    retained.set(message);
    if (message.qos === 0 && journal !== undefined && !message.topic.startsWith('$SYS/')) {
      this.#unwritten.set(message.topic, message);
    }
  }
}

function pick(group: SessionGroup): Picked | undefined {
  const next = group.pick();
  return next === undefined ? undefined : { group, session: next.member, qos: next.qos };
}

function lower(one: Qos, other: Qos): Qos {
  return one < other ? one : other;
}
