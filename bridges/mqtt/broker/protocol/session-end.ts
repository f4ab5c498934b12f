import { handOver } from '../pipeline/hand-over.ts';
import type { MqttSession } from '../sessions/mqtt-session.ts';
import type { BrokerState } from '../state/broker-state.ts';

/** Ends a session: its shared messages go to other members, and the rest of its state is deleted. */
export function endSession(state: BrokerState, session: MqttSession): void {
  state.replays.drop(session);
  handOver(state, session, true);
  state.sessions.end(session);
}

/**
 * Ends a kept session in favor of a new one. The caller commits, so that both changes are one transaction of the store.
 */
export function evictSession(state: BrokerState, session: MqttSession): void {
  const { clientId, queue } = session;
  const reason =
    queue.length === 0
      ? 'a kept session was evicted for another one ("maxSessions")'
      : 'a kept session with queued messages was evicted for another one ("maxSessions")';
  state.drops.add(reason, { clientId, messages: queue.length });
  endSession(state, session);
}
