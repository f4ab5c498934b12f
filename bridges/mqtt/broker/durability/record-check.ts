import { isTopicName } from '../../source/mqtt-text.ts';
import { clientOf, decodeMessage, decodeQueued, decodeSession, numberOf } from './records.ts';

/** Checks a record of the broker. Throws an error that says what is invalid. */
export function inspectRecord(key: string, value: Uint8Array): void {
  const [, rest] = clientOf(key);
  switch (key[0]) {
    case 's':
      decodeSession(value);
      return;
    case 'm':
      requireNumber(key.slice(1));
      requireTopic(decodeMessage(value).topic);
      return;
    case 'r': {
      const { topic } = decodeMessage(value);
      requireTopic(topic);
      if (topic !== key.slice(1)) throw new Error('its topic does not match its key');
      return;
    }
    case 'w':
      requireTopic(decodeMessage(value).topic);
      return;
    case 'q':
      requireNumber(rest);
      decodeQueued(value);
      return;
    case 'i':
      if (!/^\d{1,5}$/.test(rest)) throw new Error('its key does not end in a packet identifier');
      return;
    default:
      throw new Error('its key has an unknown type');
  }
}

function requireTopic(topic: string): void {
  if (!isTopicName(topic)) throw new Error('its topic is not a valid topic name');
}

function requireNumber(text: string): void {
  if (!/^[0-9a-f]{12,}$/.test(text) || !Number.isSafeInteger(numberOf(text)))
    throw new Error('its key does not end in a valid number');
}
