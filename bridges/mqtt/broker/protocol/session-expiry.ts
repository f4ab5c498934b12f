import { handOver } from '../pipeline/hand-over.ts';
import { forgetOwners } from '../pipeline/retain.ts';
import type { MqttSession } from '../sessions/mqtt-session.ts';
import type { BrokerState } from '../state/broker-state.ts';
import { endSession } from './session-end.ts';

/** Ends expired sessions and drops messages that are too old, in slices of work. */
export class SessionExpiry {
  readonly #state: BrokerState;
  #isRunning = false;

  constructor(state: BrokerState) {
    this.#state = state;
  }

  /** Starts a run over all sessions, unless one is in progress. */
  start(): void {
    if (this.#isRunning) return;
    this.#isRunning = true;
    const steps = this.#steps();
    this.#state.turns.start(budget => {
      let isDone = false;
      for (; budget.steps > 0 && !isDone; budget.steps--) isDone = steps.next().done === true;
      this.#state.journal?.flush();
      return isDone;
    });
  }

  *#steps(): Generator<void, void, undefined> {
    const { sessions, ages, sink } = this.#state;
    const now = ages.now();
    try {
      if (sink.isRemoved !== undefined) yield* forgetOwners(this.#state, owner => sink.isRemoved?.(owner) === true);
      for (const session of sessions.values()) {
        yield;
        if (this.#isOver(session, now)) yield* this.#expireSession(session, now);
        else yield* sessions.expire(session, now);
      }
    } finally {
      this.#isRunning = false;
    }
  }

  /** Empties the queue first, so that the end itself is short. Stops if the client comes back meanwhile. */
  *#expireSession(session: MqttSession, now: number): Generator<void, void, undefined> {
    const { queue, clientId } = session;
    const messages = queue.length;
    // Messages of shared subscriptions go to other members instead of being dropped.
    if (queue.sharedCount > 0) handOver(this.#state, session, true);
    for (const _ of session.expire(Number.POSITIVE_INFINITY)) {
      yield;
      if (!this.#isOver(session, now)) return;
    }
    endSession(this.#state, session);
    this.#state.traffic.expired += 1;
    this.#state.log.info({ clientId, messages }, 'MQTT session expired');
  }

  /** Whether a session has expired, or its principal does not exist any more. */
  #isOver(session: MqttSession, now: number): boolean {
    const { sessions, sink } = this.#state;
    const { owner, connected, ended } = session;
    if (connected || ended) return false;
    return sessions.isOver(session, now) || (owner !== undefined && sink.isGone?.(owner) === true);
  }
}
