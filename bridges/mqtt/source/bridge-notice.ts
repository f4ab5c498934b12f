/**
 * Where other brokers, mosquitto among them, say of a bridge of theirs whether it is connected: by a retained message and a
 * will, unless they are told not to. What is under `$SYS/` is this broker's own, so these messages go nowhere.
 */
const notice = /^\$SYS\/broker\/connection\/[^/+#]+\/state$/;

/** Whether a topic is one of those notices. */
export function isBridgeNotice(topic: string): boolean {
  return topic.startsWith('$SYS/') && notice.test(topic);
}
