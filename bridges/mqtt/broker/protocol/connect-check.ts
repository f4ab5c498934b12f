import { isBridgeNotice } from '../../source/bridge-notice.ts';
import { MqttRefusal, Refused } from '../../source/mqtt-source.ts';
import { isTopicName } from '../../source/mqtt-text.ts';
import type { Connect, Will } from '../packets/packet.ts';
import { levelCount } from '../sessions/topic-filter.ts';

/** Characters of a client id. */
const MAX_CLIENT_ID = 256;

/** Why a CONNECT is refused before any authentication. Undefined if it is valid. [MQTT-3.1.4] */
export function checkConnect(connect: Connect, maxTopicLevels: number): MqttRefusal | undefined {
  const { level, will } = connect;
  if (level !== 3 && level !== 4) {
    return new MqttRefusal(Refused.Version, `MQTT protocol level ${level} is not supported (3 and 4 are)`);
  }
  const clientIdError = checkClientId(connect);
  if (clientIdError !== undefined) return new MqttRefusal(Refused.Identifier, clientIdError);
  const willError = will === undefined ? undefined : checkWill(will, maxTopicLevels);
  return willError === undefined ? undefined : new MqttRefusal(Refused.NotAuthorized, willError);
}

function checkClientId({ clientId, clean, level }: Connect): string | undefined {
  // [MQTT-3.1.3-8]; MQTT 3.1 does not allow an empty one at all.
  if (clientId === '' && !clean) return 'an empty client id requires a clean session';
  if (clientId === '' && level === 3) return 'MQTT 3.1 does not allow an empty client id';
  if (clientId.length > MAX_CLIENT_ID) return `the client id has more than ${MAX_CLIENT_ID} characters`;
  return undefined;
}

/** The rules of a will are those of PUBLISH. */
function checkWill({ topic }: Will, maxTopicLevels: number): string | undefined {
  if (!isTopicName(topic)) {
    return 'invalid topic name of the will: it is empty, too long, or contains +, # or control characters';
  }
  if (levelCount(topic) > maxTopicLevels) return `the topic name of the will has more than ${maxTopicLevels} levels`;
  if (topic.startsWith('$SYS/') && !isBridgeNotice(topic)) {
    return 'the will is under $SYS/, which is reserved for the broker';
  }
  return undefined;
}
