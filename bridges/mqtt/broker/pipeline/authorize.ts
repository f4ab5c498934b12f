import { isBridgeNotice } from '../../source/bridge-notice.ts';
import type { MessageVerdict, MqttMessage, MqttPeer } from '../../source/mqtt-source.ts';
import { isTopicName } from '../../source/mqtt-text.ts';
import { MalformedPacket } from '../packets/packet.ts';
import { levelCount } from '../sessions/topic-filter.ts';
import type { BrokerState } from '../state/broker-state.ts';

/**
 * Checks the topic of a PUBLISH. Returns whether it is the notice of another broker's bridge, which is acknowledged and
 * not published. Throws `MalformedPacket` if clients may not publish to the topic.
 */
export function checkTopic(state: BrokerState, topic: string): 'topic' | 'notice' {
  if (state.checkedTopics.has(topic)) return 'topic';
  const { maxTopicLevels } = state.config;
  if (!isTopicName(topic)) {
    throw new MalformedPacket('invalid topic name: it is empty, too long, or contains +, # or control characters');
  }
  if (levelCount(topic) > maxTopicLevels) {
    throw new MalformedPacket(`the topic name has more than ${maxTopicLevels} levels ("maxTopicLevels")`);
  }
  if (isBridgeNotice(topic)) return 'notice';
  if (topic.startsWith('$SYS/')) throw new MalformedPacket('topics under $SYS/ are reserved for the broker');
  state.checkedTopics.add(topic);
  return 'topic';
}

/** Step "authorize": asks the WAMP side whether a client may publish a message, and who receives it. */
export function authorize(
  { sink }: BrokerState,
  message: MqttMessage,
  peer: MqttPeer,
): MessageVerdict | Promise<MessageVerdict> {
  return sink.message(message, peer);
}
