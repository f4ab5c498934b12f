import type { DropCounter } from '../../report/drop-counter.ts';
import type { MqttSink, Qos } from '../../source/mqtt-source.ts';
import type { Distributor } from '../delivery/distributor.ts';
import type { SubscriptionReplays } from '../delivery/subscription-replays.ts';
import type { WorkTurns } from '../delivery/work-turns.ts';
import type { Budget } from '../messages/retained-cursor.ts';
import { MalformedPacket, type Subscribe, type Unsubscribe } from '../packets/packet.ts';
import { type Granted, SUBSCRIBE_FAILURE, suback, unsuback } from '../packets/packet-encoder.ts';
import type { MqttSession } from '../sessions/mqtt-session.ts';
import type { Subscriptions } from '../sessions/subscriptions.ts';
import { isTopicFilter, sharedName } from '../sessions/topic-filter.ts';
import { Hold, type MqttConnection } from './mqtt-connection.ts';

export interface SubscribingParts {
  readonly sink: MqttSink;
  readonly distributor: Distributor;
  readonly subscriptions: Subscriptions;
  readonly replays: SubscriptionReplays;
  readonly turns: WorkTurns;
  readonly drops: DropCounter;
  readonly limits: { readonly maxTopicLevels: number; readonly maxSubscriptions: number };
  /** What of a session is on disk has changed. */
  record(session: MqttSession): void;
  /** Whether the configuration lets clients subscribe a filter. */
  maySubscribe(filter: string): boolean;
  /** An error that is ours. */
  failed(connection: MqttConnection, error: unknown): void;
}

/** What looking at a filter costs in steps, beside one for each so many characters. */
const FILTER_STEPS = 4;
const CHARACTERS = 32;
/** Subscriptions of a session whose records may be written at the same time. */
const FEW = 50;

/** A filter, or what names one. */
type Listed = string | { readonly filter: string };

/**
 * SUBSCRIBE and UNSUBSCRIBE, whatever number of filters they name: looked at in turns with everything else, while the
 * connection is read no further. Equal filters of one packet count once.
 */
export class Subscribing {
  readonly #parts: SubscribingParts;

  constructor(parts: SubscribingParts) {
    this.#parts = parts;
  }

  subscribe(connection: MqttConnection, session: MqttSession, { id, subscriptions, surplus }: Subscribe): void {
    const answers = new Map<string, Granted>();
    const granted: Granted[] = [];
    let changed = false;
    const one = ({ filter, qos }: { filter: string; qos: Qos }): void => {
      // Of equal filters, the last counts, as if it came in a packet of its own. [MQTT-3.8.4-4]
      let answer = answers.get(filter);
      if (answer === undefined || (answer !== SUBSCRIBE_FAILURE && answer !== qos)) {
        answer = answer !== undefined || this.#mayHave(connection, session, filter) ? qos : SUBSCRIBE_FAILURE;
        answers.set(filter, answer);
        if (answer !== SUBSCRIBE_FAILURE) {
          changed ||= session.subscriptions.get(filter) !== qos;
          this.#parts.subscriptions.add(session, filter, qos);
        }
      }
      granted.push(answer);
    };
    const finish = (): void => {
      if (surplus > 0) {
        this.#parts.drops.add('a SUBSCRIBE names more filters than are looked at ("maxSubscriptions")', {
          clientId: session.clientId,
        });
      }
      this.#recorded(connection, session, changed, () => {
        connection.send(suback(id, granted, surplus));
        const begin = ({ filter }: Subscribe['subscriptions'][number]): void => {
          const answer = answers.get(filter) ?? SUBSCRIBE_FAILURE;
          if (answer !== SUBSCRIBE_FAILURE) this.#begin(connection, session, filter, answer);
          answers.delete(filter);
        };
        this.#each(Hold.Begin, connection, subscriptions, { one: begin });
      });
    };
    this.#each(Hold.Work, connection, subscriptions, { one, finish });
  }

  unsubscribe(connection: MqttConnection, session: MqttSession, { id, filters }: Unsubscribe): void {
    const { subscriptions, distributor, replays, sink } = this.#parts;
    // [MQTT-4.7.3-1]
    if (filters.includes('')) throw new MalformedPacket('an empty filter');
    let changed = false;
    const one = (filter: string): void => {
      if (!subscriptions.remove(session, filter)) return;
      changed = true;
      replays.cancel(session, filter);
      if (filter.startsWith('$share/')) distributor.handOver(session, true, filter);
      sink.unsubscribed?.(connection, filter);
    };
    const finish = (): void => this.#recorded(connection, session, changed, () => connection.send(unsuback(id)));
    this.#each(Hold.Work, connection, filters, { one, finish });
  }

  /** What a session that goes on may not subscribe any more, it has no longer. Resolves when all is looked at. */
  forgetForbidden(connection: MqttConnection, session: MqttSession): Promise<void> {
    const { sink, subscriptions, distributor, record, maySubscribe } = this.#parts;
    if (session.subscriptions.size === 0) return Promise.resolve();
    const one = (filter: string): void => {
      const shared = sharedName(filter);
      const plain = shared?.filter ?? filter;
      if (maySubscribe(plain) && sink.maySubscribe?.(connection, plain) !== false) return;
      subscriptions.remove(session, filter);
      if (shared !== undefined) distributor.handOver(session, true, filter);
      record(session);
    };
    return new Promise(resolve => {
      this.#each(Hold.Work, connection, [...session.subscriptions.keys()], { one, ended: resolve });
    });
  }

  /** The sink learns of what is subscribed, and the client of what is retained. */
  #begin(connection: MqttConnection, session: MqttSession, filter: string, qos: Qos): void {
    this.#parts.sink.subscribed?.(connection, filter, qos);
    // [MQTT-3.3.1-6]; a shared subscription gets none. [MQTT 5: 4.8.2]
    if (sharedName(filter) === undefined) this.#parts.replays.start(session, filter, qos);
  }

  #mayHave(connection: MqttConnection, session: MqttSession, filter: string): boolean {
    const { limits, maySubscribe, sink } = this.#parts;
    const shared = sharedName(filter);
    const plain = shared?.filter ?? filter;
    if (!isTopicFilter(plain, limits.maxTopicLevels)) throw new MalformedPacket('a filter that is none, or too deep');
    // First what costs least to ask.
    return (
      shared !== null &&
      (session.subscriptions.has(filter) || session.subscriptions.size < limits.maxSubscriptions) &&
      this.#hasRoom(session, filter) &&
      maySubscribe(plain) &&
      sink.maySubscribe?.(connection, plain) !== false
    );
  }

  #hasRoom(session: MqttSession, filter: string): boolean {
    if (this.#parts.subscriptions.accepts(session, filter)) return true;
    const { clientId } = session;
    this.#parts.drops.add('no room for another subscription ("maxSubscriptionBytes")', { clientId });
    return false;
  }

  /** Goes through a list in turns; the connection is read no further meanwhile, and an error of the client's ends it. */
  #each<T extends Listed>(
    hold: Hold,
    connection: MqttConnection,
    list: readonly T[],
    { one, finish, ended }: { one: (element: T) => void; finish?: () => void; ended?: () => void },
  ): void {
    let at = 0;
    const work = (budget: Budget): boolean => {
      try {
        for (; at < list.length && budget.steps > 0 && !connection.closed; at++) {
          const element = list[at];
          if (element === undefined) continue;
          budget.steps -= FILTER_STEPS + Math.floor(filterOf(element).length / CHARACTERS);
          one(element);
        }
        if (at < list.length && !connection.closed) return false;
        if (!connection.closed) finish?.();
      } catch (error) {
        if (!(error instanceof MalformedPacket)) this.#parts.failed(connection, error);
        connection.close(error instanceof MalformedPacket ? error.message : 'an error of the gateway');
      }
      ended?.();
      connection.proceed(hold);
      return true;
    };
    connection.hold(hold);
    this.#parts.turns.start(work);
  }

  /** Goes on when the session's subscriptions are on disk, where they have to be. */
  #recorded(connection: MqttConnection, session: MqttSession, changed: boolean, then: () => void): void {
    if (session.journal === undefined) {
      then();
      return;
    }
    if (changed) this.#parts.record(session);
    // The record is written as a whole: of a long one, no second is begun before the first is written.
    if (session.subscriptions.size > FEW) connection.hold(Hold.Commit);
    const answered = connection.expectAnswer();
    session.journal
      .commit()
      .then(
        () => {
          if (!connection.closed) then();
          connection.proceed(Hold.Commit);
        },
        (error: unknown) => connection.close(`the store has failed: ${error}`),
      )
      .then(answered, answered);
  }
}

function filterOf(element: Listed): string {
  return typeof element === 'string' ? element : element.filter;
}
