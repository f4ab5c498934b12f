import { Chain, type ChainLinks } from '../../../../src/base/collections/chain.ts';
import type { Qos } from '../../source/mqtt-source.ts';
import type { BrokerMessage } from '../messages/broker-message.ts';
import type { Budget, RetainedCursor } from '../messages/retained-cursor.ts';
import type { RetainedMessages } from '../messages/retained-messages.ts';
import { publish } from '../packets/packet-encoder.ts';
import { FilterTree } from '../sessions/filter-tree.ts';
import type { MqttSession } from '../sessions/mqtt-session.ts';
import type { WorkTurns } from './work-turns.ts';

export interface ReplayDependencies {
  readonly retained: RetainedMessages;
  readonly turns: WorkTurns;
  /** Messages in the queue of a session from which on no retained messages are added. */
  readonly window: number;
}

/** The retained messages of one subscription that are still to be sent to its session. */
interface Replay extends ChainLinks<Replay> {
  readonly session: MqttSession;
  readonly filter: string;
  readonly qos: Qos;
  readonly cursor: RetainedCursor;
}

/** All replays of one session, which run one after the other. */
interface ReplayQueue {
  readonly replays: Chain<Replay>;
  readonly byFilter: Map<string, Replay>;
  running: boolean;
}

/** Steps of a turn that sending a message costs, beside one for each KiB. */
const SEND_STEPS = 3;

/**
 * Sends retained messages to new subscriptions. [MQTT-3.3.1-6] It sends as fast as the client reads, in slices of work.
 * A cursor into the retained messages takes the place of a copy of them.
 */
export class SubscriptionReplays {
  readonly #dependencies: ReplayDependencies;
  readonly #queues = new Map<MqttSession, ReplayQueue>();
  /** Unfinished replays, found by the topics that they have still to send. */
  readonly #open = new FilterTree<Replay, true>();

  constructor(dependencies: ReplayDependencies) {
    this.#dependencies = dependencies;
  }

  /**
   * Starts the replay of a filter, which is not a shared subscription. A running replay of the same filter begins
   * again.
   */
  start(session: MqttSession, filter: string, qos: Qos): void {
    const { retained, turns } = this.#dependencies;
    this.cancel(session, filter);
    const cursor = retained.cursor(filter);
    if (!cursor.promising) return;
    const replay = { session, filter, qos, cursor, previous: undefined, following: undefined, chain: undefined };
    let queue = this.#queues.get(session);
    if (queue === undefined) {
      queue = { replays: new Chain(), byFilter: new Map(), running: false };
      this.#queues.set(session, queue);
    }
    queue.replays.push(replay);
    queue.byFilter.set(filter, replay);
    this.#open.set(filter, replay, true);
    this.#run(session, queue, turns);
  }

  /** Continues when the connection or the queue of the session has capacity again, or when the client has come back. */
  resume(session: MqttSession): void {
    if (this.#queues.size === 0) return;
    const queue = this.#queues.get(session);
    if (queue !== undefined) this.#run(session, queue, this.#dependencies.turns);
  }

  cancel(session: MqttSession, filter: string): void {
    const queue = this.#queues.get(session);
    const replay = queue?.byFilter.get(filter);
    if (queue !== undefined && replay !== undefined) this.#end(queue, replay);
  }

  /** Cancels all replays of a session. */
  drop(session: MqttSession): void {
    const queue = this.#queues.get(session);
    if (queue === undefined) return;
    for (const replay of [...queue.byFilter.values()]) this.#end(queue, replay);
    this.#queues.delete(session);
  }

  /**
   * A message is about to be delivered: replays that have not sent the retained message of its topic send that one
   * first.
   */
  overtake(topic: string): void {
    if (this.#queues.size === 0) return;
    const { retained } = this.#dependencies;
    const message = retained.get(topic);
    if (message === undefined) return;
    let sent = false;
    this.#open.match(topic, replay => {
      if (!replay.cursor.isAhead(topic) || !retained.isCovered(topic, replay.cursor)) return;
      this.#send(replay, message);
      sent = true;
    });
    // Every replay that covers the topic has sent it now.
    if (sent) retained.touch(topic);
  }

  #run(session: MqttSession, queue: ReplayQueue, turns: WorkTurns): void {
    if (queue.running) return;
    queue.running = true;
    turns.start(budget => this.#work(session, queue, budget));
  }

  /** Returns whether the replay is finished or has to wait for capacity. */
  #work(session: MqttSession, queue: ReplayQueue, budget: Budget): boolean {
    const { window } = this.#dependencies;
    while (budget.steps > 0) {
      const replay = queue.replays.first;
      if (replay === undefined) this.#queues.delete(session);
      const { connection } = session;
      const mayGoOn =
        replay !== undefined &&
        connection?.writable === true &&
        (replay.qos === 0 || session.queue.length < Math.min(window, session.maxMessages));
      if (!mayGoOn) {
        queue.running = false;
        return true;
      }
      const message = replay.cursor.next(budget);
      if (message !== undefined) {
        budget.steps -= SEND_STEPS + (message.payload.length >> 10);
        this.#send(replay, message);
      } else if (replay.cursor.done) this.#end(queue, replay);
    }
    return false;
  }

  #send({ session, qos }: Replay, message: BrokerMessage): void {
    const { topic, payload } = message;
    if (message.bridge === session.clientId) return;
    if (qos > 0 && message.qos > 0) session.deliver(message, qos === 1 || message.qos === 1 ? 1 : 2, true);
    else {
      const packet = publish(topic, payload, { qos: 0, retain: true, dup: false, id: 0 });
      session.connection?.sendPublish(packet, payload.length);
    }
  }

  #end(queue: ReplayQueue, replay: Replay): void {
    queue.replays.remove(replay);
    queue.byFilter.delete(replay.filter);
    this.#open.delete(replay.filter, replay);
  }
}
