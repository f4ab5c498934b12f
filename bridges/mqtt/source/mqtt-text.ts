// biome-ignore lint/suspicious/noControlCharactersInRegex: the pattern matches control characters
const unclean = /[\u0000-\u001f\u007f-\u009f]/;

/** Whether a topic, filter, client id or user name has no control characters. [MQTT-1.5.3-2] */
export function isCleanText(text: string): boolean {
  return !unclean.test(text);
}

/**
 * Whether a text is a valid topic name: not empty, no wildcards, no control characters, at most 65535 bytes.
 * [MQTT-3.3.2-2]
 */
export function isTopicName(topic: string): boolean {
  return topic !== '' && !/[+#]/.test(topic) && isCleanText(topic) && Buffer.byteLength(topic) <= 0xffff;
}
