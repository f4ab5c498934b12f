import type { Clock } from '../../../base/clock.ts';
import { ErrorUri, WampError } from '../../../wamp/errors.ts';
import { MessageType } from '../../../wamp/messages/message-type.ts';
import type { SubscribeMessage } from '../../../wamp/messages/messages.ts';
import type { RouterSession } from '../../session/session.ts';
import { eventDetails } from '../events/event-attributes.ts';
import type { RouterSubscription } from '../events/subscription.ts';
import type { RetainedEvent, RetainedStore } from './retained-store.ts';

/** What all replays together do within one turn: events sent, and topics looked at, a millisecond's work. */
const TURN_EVENTS = 200;
const TURN_STEPS = 4000;

/** Milliseconds until the next turn. */
const NEXT_TURN = 1;

/** Events of one replay before another has its turn. */
const RUN = 20;

/** Bytes that may wait for a session before its replay does. */
const HIGH_WATER = 128 * 1024;

/** Milliseconds until sessions that are behind are looked at again: more and more, as long as none has read. */
const FIRST_PAUSE = 5;
const LAST_PAUSE = 100;

/** SUBSCRIBEs of one session that may wait for the end of a replay. */
const MAX_WAITING = 1000;

interface Replay {
  readonly session: RouterSession;
  readonly subscription: RouterSubscription;
  readonly events: Iterator<RetainedEvent | undefined>;
  /** What the session has said about this subscription meanwhile; answered when the replay is over. */
  readonly waiting: SubscribeMessage[];
}

/**
 * Sends retained events to those who have subscribed, in turns with everything else, and no faster than they read. An
 * event that is newer than the one retained has been sent by then, so the older one is not. [advanced/pubsub_event_retention]
 */
export class RetainedReplays {
  readonly #store: RetainedStore;
  readonly #clock: Clock;
  readonly #bySession = new Map<RouterSession, Map<RouterSubscription, Replay>>();
  /** Those that are not over, the one whose turn it is first. */
  #queue: Replay[] = [];
  #events = TURN_EVENTS;
  #steps = TURN_STEPS;
  /** When the budget was given. */
  #turn = Number.NEGATIVE_INFINITY;
  #scheduled = false;
  #pause = FIRST_PAUSE;

  constructor(store: RetainedStore, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /** Begins to send what is retained, after SUBSCRIBED: at once, as far as that takes no long turn. */
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
   * Lets a SUBSCRIBE wait until the replay of the same subscription is over: what is retained then is an answer to it.
   * False where there is none.
   */
  defer(session: RouterSession, subscription: RouterSubscription, message: SubscribeMessage): boolean {
    const replay = this.#bySession.get(session)?.get(subscription);
    if (replay === undefined) return false;
    if (replay.waiting.length >= MAX_WAITING) {
      throw new WampError(ErrorUri.LimitExceeded, [
        `${MAX_WAITING} requests wait until what is retained has been sent: read first`,
      ]);
    }
    replay.waiting.push(message);
    return true;
  }

  /** The session is about to have this subscription no more; what waits is answered. */
  stop(session: RouterSession, subscription: RouterSubscription): void {
    const replay = this.#bySession.get(session)?.get(subscription);
    if (replay === undefined) return;
    this.#forget(replay);
    this.#queue = this.#queue.filter(other => other !== replay);
    for (const message of replay.waiting) this.#answer(replay, message);
  }

  /** The session is gone. */
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

  /** Sends some events; whether there are no more. */
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

  /** What the session has said meanwhile is answered, and what it asks for is begun. */
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
