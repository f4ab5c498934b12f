import { type Dict, isDict } from '../../../src/wamp/dict.ts';
import type { MqttMessage, MqttProperties } from '../source/mqtt-source.ts';

// MQTT 5 properties that WAMP has no field for are carried in EVENT.Details._origin, never in the payload. Only the
// bridges of the gateway can set it.

/** The PUBLISH options with the MQTT 5 properties of the message added, if it has any. */
export function withOrigin(options: Dict, { topic, qos, properties }: MqttMessage): Dict {
  if (properties === undefined) return options;
  const { contentType, responseTopic, correlationData, messageExpiryInterval, userProperties } = properties;
  const origin = {
    ...{ protocol: 'mqtt', topic, qos },
    ...(contentType !== undefined && { content_type: contentType }),
    ...(responseTopic !== undefined && { response_topic: responseTopic }),
    ...(correlationData !== undefined && { correlation_data: correlationData }),
    ...(messageExpiryInterval !== undefined && { expiry: messageExpiryInterval }),
    ...(userProperties !== undefined && { user_properties: userProperties }),
  };
  return { ...options, _origin: origin };
}

/** The MQTT 5 properties in the details of an event. Undefined if it has none. */
export function propertiesOfOrigin({ _origin: origin }: Dict): MqttProperties | undefined {
  if (!isDict(origin) || origin['protocol'] !== 'mqtt') return undefined;
  const { content_type, response_topic, correlation_data, expiry, user_properties } = origin;
  const properties: MqttProperties = {
    ...(typeof content_type === 'string' && { contentType: content_type }),
    ...(typeof response_topic === 'string' && { responseTopic: response_topic }),
    ...(correlation_data instanceof Uint8Array && { correlationData: correlation_data }),
    ...(typeof expiry === 'number' && { messageExpiryInterval: expiry }),
    ...(isDict(user_properties) && { userProperties: textsOf(user_properties) }),
  };
  return Object.keys(properties).length === 0 ? undefined : properties;
}

function textsOf(dict: Dict): Readonly<Record<string, string | readonly string[]>> {
  const texts: Record<string, string | readonly string[]> = {};
  for (const [name, value] of Object.entries(dict)) {
    if (typeof value === 'string') texts[name] = value;
    else if (Array.isArray(value) && value.every(item => typeof item === 'string')) texts[name] = value;
  }
  return texts;
}
