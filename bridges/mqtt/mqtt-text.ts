// Bytes that are no UTF-8 reach us as U+FFFD: whoever decoded them has left nothing else to tell them by.
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const unclean = /[\u0000-\u001f\u007f-\u009f\ufffd]/;

/**
 * Whether a topic, filter, client id or user name is UTF-8 without control characters. A real U+FFFD is refused with
 * the rest. [MQTT-1.5.3-1], [MQTT-1.5.3-2]
 */
export function isCleanText(text: string): boolean {
  return !unclean.test(text);
}

/** Whether a message may be published to `topic`: not empty, no wildcards, no more than 65535 bytes. [MQTT-3.3.2-2] */
export function isTopicName(topic: string): boolean {
  return topic !== '' && !/[+#]/.test(topic) && isCleanText(topic) && Buffer.byteLength(topic) <= 0xffff;
}
