import { isCleanText, isTopicName } from '../source/mqtt-text.ts';

/** aedes replaces bytes that are not UTF-8 by U+FFFD without a report, so a genuine U+FFFD is refused too. */
const REPLACEMENT = '\ufffd';

/** Text check of a client id, user name or filter. [MQTT-1.5.3-1] */
export function isAedesText(text: string): boolean {
  return isCleanText(text) && !text.includes(REPLACEMENT);
}

/** Text check of a topic name. [MQTT-3.3.2-2] */
export function isAedesTopic(topic: string): boolean {
  return isTopicName(topic) && !topic.includes(REPLACEMENT);
}
