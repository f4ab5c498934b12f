import type { Qos } from '../../source/mqtt-source.ts';
import type { BrokerMessage } from '../messages/broker-message.ts';
import { publish } from '../packets/packet-encoder.ts';
import type { MqttSession } from '../sessions/mqtt-session.ts';
import type { SessionGroup } from '../sessions/subscriptions.ts';
import type { BrokerState } from '../state/broker-state.ts';
import { lowerQos } from './lower-qos.ts';
import { retain } from './retain.ts';
import { pickMembers, type StagedMessage } from './stage.ts';

/**
 * Step "release": retains a message and delivers it to its subscribers. It is on disk by then if it has to be, so no
 * subscriber receives a message that a crash could take back.
 */
export function release(state: BrokerState, message: BrokerMessage, staged: StagedMessage | undefined): void {
  if (message.retain) retain(state, message);
  else state.replays.overtake(message.topic);
  const route = staged?.route ?? state.subscriptions.route(message.topic);
  /** One packet for all subscribers at QoS 0. */
  let packet: Buffer | undefined;
  for (const { session, qos } of route.targets) {
    if (message.bridge !== session.clientId) packet = deliver(session, message, qos, packet);
  }
  if (route.groups.length > 0) {
    for (const { session, qos, group } of staged?.picked ?? pickMembers(route)) {
      // The member was removed meanwhile, and its queue did not hold the message: another member receives it.
      if (session.ended && session.journal === undefined) deliverToNext(message, group);
      else packet = deliver(session, message, qos, packet, group.name);
    }
  }
  if (staged === undefined) return;
  for (const { session, entry } of staged.queued) {
    session.released(entry);
    const group = session.ended && entry.share !== undefined ? state.subscriptions.group(entry.share) : undefined;
    if (group !== undefined) deliverToNext(message, group);
  }
}

/**
 * Delivers to a session whose queue does not hold the message yet. Takes and returns the packet that all share at QoS
 * 0.
 */
function deliver(
  session: MqttSession,
  message: BrokerMessage,
  subscribed: Qos,
  shared: Buffer | undefined,
  share?: string,
): Buffer | undefined {
  const { topic, payload } = message;
  const qos = lowerQos(subscribed, message.qos);
  // Other clients see the retain flag only on messages that are older than their subscription. [MQTT-3.3.1-9]
  const isRetained = session.isBridge && message.retain;
  if (qos > 0) {
    if (session.journal === undefined && (session.connected || session.isKept)) {
      session.enqueue(message, qos, isRetained, share);
      session.pump();
    }
    return shared;
  }
  if (isRetained) {
    session.deliver(message, 0, true);
    return shared;
  }
  if (session.connection === undefined) return shared;
  const packet = shared ?? publish(topic, payload, { qos: 0, retain: false, dup: false, id: 0 });
  session.connection.sendAtMostOnce(packet, payload.length, topic);
  return packet;
}

function deliverToNext(message: BrokerMessage, group: SessionGroup): void {
  const next = group.pick();
  if (next !== undefined) next.member.deliver(message, lowerQos(next.qos, message.qos), false, group.name);
}
