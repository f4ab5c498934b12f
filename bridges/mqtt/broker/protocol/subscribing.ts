import type { Qos } from '../../source/mqtt-source.ts';
import { Hold } from '../connections/hold.ts';
import type { MqttConnection } from '../connections/mqtt-connection.ts';
import type { Budget } from '../messages/retained-cursor.ts';
import { MalformedPacket, type Subscribe, type Unsubscribe } from '../packets/packet.ts';
import { type Granted, SUBSCRIBE_FAILURE, suback, unsuback } from '../packets/packet-encoder.ts';
import { handOver } from '../pipeline/hand-over.ts';
import type { MqttSession } from '../sessions/mqtt-session.ts';
import { isTopicFilter, sharedName } from '../sessions/topic-filter.ts';
import type { BrokerState } from '../state/broker-state.ts';

/** Steps of a turn that the check of a filter costs, beside one for each `CHARACTERS` characters. */
const FILTER_STEPS = 4;
const CHARACTERS = 32;
/** Subscriptions of a session whose record may be written several times at once. */
const MAX_CONCURRENT_RECORD = 50;

/** A filter, or an object that names one. */
type Listed = string | { readonly filter: string };

/**
 * Handles SUBSCRIBE and UNSUBSCRIBE, however many filters they list: in slices of work, while the connection handles no
 * other packet. Equal filters of one packet count once.
 */
export class Subscribing {
  readonly #state: BrokerState;

  constructor(state: BrokerState) {
    this.#state = state;
  }

  subscribe(connection: MqttConnection, session: MqttSession, { id, subscriptions, surplus }: Subscribe): void {
    const answers = new Map<string, Granted>();
    const granted: Granted[] = [];
    let changed = false;
    const each = ({ filter, qos }: { filter: string; qos: Qos }): void => {
      // The last of equal filters counts, as if it came in a packet of its own. [MQTT-3.8.4-4]
      let answer = answers.get(filter);
      if (answer === undefined || (answer !== SUBSCRIBE_FAILURE && answer !== qos)) {
        answer = answer !== undefined || this.#maySubscribe(connection, session, filter) ? qos : SUBSCRIBE_FAILURE;
        answers.set(filter, answer);
        if (answer !== SUBSCRIBE_FAILURE) {
          changed ||= session.subscriptions.get(filter) !== qos;
          this.#state.subscriptions.add(session, filter, qos);
        }
      }
      granted.push(answer);
    };
    const finish = (): void => {
      if (surplus > 0) {
        const reason = 'SUBSCRIBE lists more filters than are read ("maxSubscriptions")';
        this.#state.drops.add(reason, { clientId: session.clientId });
      }
      this.#recorded(connection, session, changed, () => {
        connection.send(suback(id, granted, surplus));
        const begin = ({ filter }: Subscribe['subscriptions'][number]): void => {
          const answer = answers.get(filter) ?? SUBSCRIBE_FAILURE;
          if (answer !== SUBSCRIBE_FAILURE) this.#begin(connection, session, filter, answer);
          answers.delete(filter);
        };
        this.#forEach(Hold.Replays, connection, subscriptions, { each: begin });
      });
    };
    this.#forEach(Hold.Filters, connection, subscriptions, { each, finish });
  }

  unsubscribe(connection: MqttConnection, session: MqttSession, { id, filters }: Unsubscribe): void {
    const { subscriptions, replays, sink } = this.#state;
    // [MQTT-4.7.3-1]
    if (filters.includes('')) throw new MalformedPacket('UNSUBSCRIBE contains an empty topic filter');
    let changed = false;
    const each = (filter: string): void => {
      if (!subscriptions.remove(session, filter)) return;
      changed = true;
      replays.cancel(session, filter);
      if (filter.startsWith('$share/')) handOver(this.#state, session, true, filter);
      sink.unsubscribed?.(connection, filter);
    };
    const finish = (): void => this.#recorded(connection, session, changed, () => connection.send(unsuback(id)));
    this.#forEach(Hold.Filters, connection, filters, { each, finish });
  }

  /**
   * Removes the subscriptions of a continued session that its client may no longer have. Resolves when all are checked.
   */
  removeForbidden(connection: MqttConnection, session: MqttSession): Promise<void> {
    const { sink, sessions, subscriptions, refusedFilters } = this.#state;
    if (session.subscriptions.size === 0) return Promise.resolve();
    const each = (filter: string): void => {
      const shared = sharedName(filter);
      const plain = shared?.filter ?? filter;
      if (!refusedFilters.refuses(plain) && sink.maySubscribe?.(connection, plain) !== false) return;
      subscriptions.remove(session, filter);
      if (shared !== undefined) handOver(this.#state, session, true, filter);
      sessions.record(session);
    };
    return new Promise(resolve => {
      this.#forEach(Hold.Filters, connection, [...session.subscriptions.keys()], { each, ended: resolve });
    });
  }

  /** Notifies the WAMP side of a subscription, and starts the replay of its retained messages. */
  #begin(connection: MqttConnection, session: MqttSession, filter: string, qos: Qos): void {
    this.#state.sink.subscribed?.(connection, filter, qos);
    // [MQTT-3.3.1-6]; a shared subscription receives no retained messages. [MQTT 5: 4.8.2]
    if (sharedName(filter) === undefined) this.#state.replays.start(session, filter, qos);
  }

  #maySubscribe(connection: MqttConnection, session: MqttSession, filter: string): boolean {
    const { config, refusedFilters, sink } = this.#state;
    const shared = sharedName(filter);
    const plain = shared?.filter ?? filter;
    if (!isTopicFilter(plain, config.maxTopicLevels)) {
      throw new MalformedPacket(
        `invalid topic filter, or more than ${config.maxTopicLevels} levels ("maxTopicLevels")`,
      );
    }
    // The cheapest checks come first.
    return (
      shared !== null &&
      (session.subscriptions.has(filter) || session.subscriptions.size < config.maxSubscriptions) &&
      this.#fits(session, filter) &&
      !refusedFilters.refuses(plain) &&
      sink.maySubscribe?.(connection, plain) !== false
    );
  }

  #fits(session: MqttSession, filter: string): boolean {
    if (this.#state.subscriptions.accepts(session, filter)) return true;
    const { clientId } = session;
    this.#state.drops.add('the memory limit of subscriptions is reached ("maxSubscriptionBytes")', { clientId });
    return false;
  }

  /**
   * Calls `each` for all elements in slices of work, while the connection is held. `finish` is called if the connection
   * is still open then, `ended` in any case. A protocol violation closes the connection.
   */
  #forEach<T extends Listed>(
    hold: Hold,
    connection: MqttConnection,
    list: readonly T[],
    { each, finish, ended }: { each: (element: T) => void; finish?: () => void; ended?: () => void },
  ): void {
    let at = 0;
    const work = (budget: Budget): boolean => {
      try {
        for (; at < list.length && budget.steps > 0 && !connection.closed; at++) {
          const element = list[at];
          if (element === undefined) continue;
          budget.steps -= FILTER_STEPS + Math.floor(filterOf(element).length / CHARACTERS);
          each(element);
        }
        if (at < list.length && !connection.closed) return false;
        if (!connection.closed) finish?.();
      } catch (error) {
        connection.failed(error);
      }
      ended?.();
      connection.proceed(hold);
      return true;
    };
    connection.hold(hold);
    this.#state.turns.start(work);
  }

  /** Calls `then` when the subscriptions of the session are on disk, if the session is durable. */
  #recorded(connection: MqttConnection, session: MqttSession, changed: boolean, then: () => void): void {
    if (session.journal === undefined) {
      then();
      return;
    }
    if (changed) this.#state.sessions.record(session);
    // The record is written as a whole, so a second write of a long one does not begin before the first is done.
    if (session.subscriptions.size > MAX_CONCURRENT_RECORD) connection.hold(Hold.Commit);
    const answered = connection.expectAnswer();
    session.journal
      .commit()
      .then(
        () => {
          if (!connection.closed) then();
          connection.proceed(Hold.Commit);
        },
        (error: unknown) => connection.close(`store write failed: ${error}`),
      )
      .then(answered, answered);
  }
}

function filterOf(element: Listed): string {
  return typeof element === 'string' ? element : element.filter;
}
