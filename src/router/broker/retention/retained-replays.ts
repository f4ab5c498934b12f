import type { Clock } from '../../../base/clock.ts';
import { ErrorUri, WampError } from '../../../wamp/errors.ts';
import { MessageType } from '../../../wamp/messages/message-type.ts';
import type { SubscribeMessage } from '../../../wamp/messages/messages.ts';
import type { RouterSession } from '../../session/session.ts';
import { eventDetails } from '../events/event-attributes.ts';
import type { RouterSubscription } from '../events/subscription.ts';
import type { RetainedEvent, RetainedStore } from './retained-store.ts';

/** Work of all replays together in one turn, about one millisecond: events sent, and steps of the store. */
const TURN_EVENTS = 200;
const TURN_STEPS = 4000;

/** Milliseconds until the next turn. */
const NEXT_TURN = 1;

/** Events of one replay before the next replay continues. */
const RUN = 20;

/** A replay pauses if the link of its session has more queued bytes. */
const HIGH_WATER = 128 * 1024;

/** Milliseconds until slow sessions are checked again. The pause doubles while none of them reads. */
const FIRST_PAUSE = 5;
const LAST_PAUSE = 100;

/** SUBSCRIBEs of one session that may wait for the end of a replay. */
const MAX_WAITING = 1000;

interface Replay {
  readonly session: RouterSession;
  readonly subscription: RouterSubscription;
  readonly events: Iterator<RetainedEvent | undefined>;
  /** Requests of the session for the same subscription. They are answered after the replay. */
  readonly waiting: SubscribeMessage[];
}

/**
 * Sends retained events to new subscribers in several turns, and no faster than they read. If a newer event has been
 * published in the meantime, the older one is not sent. [advanced/pubsub_event_retention]
 */
export class RetainedReplays {
  readonly #store: RetainedStore;
  readonly #clock: Clock;
  readonly #bySession = new Map<RouterSession, Map<RouterSubscription, Replay>>();
  /** Unfinished replays. The first one continues next. */
  #queue: Replay[] = [];
  #events = TURN_EVENTS;
  #steps = TURN_STEPS;
  /** Monotonic time at which the budget of this turn began. */
  #turn = Number.NEGATIVE_INFINITY;
  #scheduled = false;
  #pause = FIRST_PAUSE;

  constructor(store: RetainedStore, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /** Begins to send retained events, after SUBSCRIBED. Sends at once as many as the budget of this turn allows. */
  start(session: RouterSession, subscription: RouterSubscription, waiting: SubscribeMessage[] = []): void {
    const { topic, match } = subscription;
    const replay = { session, subscription, events: this.#store.walk(topic, match, session), waiting };
    const own = this.#bySession.get(session) ?? new Map<RouterSubscription, Replay>();
    this.#bySession.set(session, own.set(subscription, replay));
    this.#queue.push(replay);
    if (this.#queue.length === 1) this.#work();
    else this.#schedule(NEXT_TURN);
  }

  /**
   * Queues a SUBSCRIBE until the running replay of the same subscription has ended. Returns false if no replay is
   * running.
   */
  defer(session: RouterSession, subscription: RouterSubscription, message: SubscribeMessage): boolean {
    const replay = this.#bySession.get(session)?.get(subscription);
    if (replay === undefined) return false;
    if (replay.waiting.length >= MAX_WAITING) {
      throw new WampError(ErrorUri.LimitExceeded, [
        `${MAX_WAITING} SUBSCRIBE requests wait for the end of a replay; read the retained events first`,
      ]);
    }
    replay.waiting.push(message);
    return true;
  }

  /** Ends the replay because the subscription ends. Answers the queued requests. */
  stop(session: RouterSession, subscription: RouterSubscription): void {
    const replay = this.#bySession.get(session)?.get(subscription);
    if (replay === undefined) return;
    this.#forget(replay);
    this.#queue = this.#queue.filter(other => other !== replay);
    for (const message of replay.waiting) this.#answer(replay, message);
  }

  /** Ends all replays of a session that has left. */
  leave(session: RouterSession): void {
    if (!this.#bySession.delete(session)) return;
    this.#queue = this.#queue.filter(other => other.session !== session);
  }

  #schedule(milliseconds: number): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#clock.after(milliseconds, () => {
      this.#scheduled = false;
      this.#work();
    });
  }

  #work(): void {
    const now = this.#clock.monotonic();
    if (now - this.#turn >= NEXT_TURN) {
      this.#turn = now;
      this.#events = TURN_EVENTS;
      this.#steps = TURN_STEPS;
    }
    let behind = 0;
    while (this.#queue.length > behind && this.#events > 0 && this.#steps > 0) {
      const replay = this.#queue.shift();
      if (replay === undefined) break;
      const events = this.#events;
      const over = this.#run(replay);
      if (over) {
        this.#over(replay);
        continue;
      }
      this.#queue.push(replay);
      behind = isBehind(replay.session) ? behind + 1 : 0;
      if (this.#events < events) this.#pause = FIRST_PAUSE;
    }
    if (this.#queue.length === 0) return;
    if (this.#queue.length > behind) {
      this.#schedule(NEXT_TURN);
      return;
    }
    this.#schedule(this.#pause);
    this.#pause = Math.min(2 * this.#pause, LAST_PAUSE);
  }

  /** Sends some events. Returns whether the replay is complete. */
  #run({ session, subscription, events }: Replay): boolean {
    for (let sent = 0; sent < RUN && this.#events > 0 && this.#steps > 0; ) {
      if (isBehind(session)) return false;
      const { done, value: event } = events.next();
      if (done === true) return true;
      this.#steps--;
      if (event === undefined) continue;
      sent++;
      this.#events--;
      send(session, subscription, event);
    }
    return false;
  }

  /** Answers the queued requests, and starts a new replay if one of them asks for retained events. */
  #over(replay: Replay): void {
    const { session, subscription, waiting } = replay;
    this.#forget(replay);
    for (let message = waiting.shift(); message !== undefined; message = waiting.shift()) {
      this.#answer(replay, message);
      if (message.options['get_retained'] !== true) continue;
      this.start(session, subscription, waiting);
      return;
    }
  }

  #answer({ session, subscription }: Replay, { request }: SubscribeMessage): void {
    session.link.send({ type: MessageType.Subscribed, request, subscription: subscription.id });
  }

  #forget({ session, subscription }: Replay): void {
    const own = this.#bySession.get(session);
    own?.delete(subscription);
    if (own?.size === 0) this.#bySession.delete(session);
  }
}

function isBehind({ link }: RouterSession): boolean {
  return link.queuedBytes > HIGH_WATER;
}

function send(session: RouterSession, { id, match }: RouterSubscription, event: RetainedEvent): void {
  const { topic, publication, attributes, payload } = event;
  const details = { ...eventDetails(match, topic, attributes), retained: true };
  session.link.send({ type: MessageType.Event, subscription: id, publication, details, payload });
}
