/**
 * The topic by which other brokers, such as mosquitto, announce whether their bridge is connected: as a retained
 * message and a will. Topics under `$SYS/` are reserved for this broker, so these messages are acknowledged and
 * dropped.
 */
const notice = /^\$SYS\/broker\/connection\/[^/+#]+\/state$/;

/** Whether a topic is such an announcement. */
export function isBridgeNotice(topic: string): boolean {
  return topic.startsWith('$SYS/') && notice.test(topic);
}
