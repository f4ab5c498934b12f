import { QueuedState } from '../messages/session-queue.ts';
import type { MqttSession } from '../sessions/mqtt-session.ts';
import type { BrokerState } from '../state/broker-state.ts';
import { lowerQos } from './lower-qos.ts';

/**
 * Gives the unacknowledged messages of a member of shared subscriptions to other members. `isOver`: the member will not
 * come back. If it may come back, messages at QoS 2 that were sent stay with it, because it may have received them.
 * `group` limits this to one shared subscription.
 */
export function handOver(state: BrokerState, session: MqttSession, isOver: boolean, group?: string): void {
  const { queue } = session;
  for (const entry of queue.sharedCount === 0 ? [] : [...queue.entries()]) {
    const { share, message, qos, state: progress } = entry;
    if (share === undefined || (group !== undefined && share !== group)) continue;
    if (progress === QueuedState.Received || progress === QueuedState.Staged) continue;
    if (!isOver && qos === 2 && progress === QueuedState.Sent) continue;
    const next = state.subscriptions.group(share)?.pick(!isOver, session);
    if (next === undefined) continue;
    // In this order, both changes are one transaction of the store.
    session.remove(entry);
    next.member.deliver(message, lowerQos(next.qos, message.qos), false, share);
  }
  session.journal?.flush();
}
