import type { MqttClient } from 'mqtt';
import type { MqttProperties } from '../mqtt-source.ts';

type Properties = Parameters<MqttClient['handleMessage']>[0]['properties'];

/** What MQTT 5 says beside a message; undefined where it says nothing. [MQTT 5: 3.3.2.3] */
export function propertiesOfPacket({ properties }: { readonly properties?: Properties }): MqttProperties | undefined {
  if (properties === undefined) return undefined;
  const { contentType, responseTopic, correlationData, messageExpiryInterval, userProperties } = properties;
  const found: MqttProperties = {
    ...(contentType !== undefined && { contentType }),
    ...(responseTopic !== undefined && { responseTopic }),
    ...(correlationData !== undefined && { correlationData }),
    ...(messageExpiryInterval !== undefined && { messageExpiryInterval }),
    ...(userProperties !== undefined && { userProperties: { ...userProperties } }),
  };
  return Object.keys(found).length === 0 ? undefined : found;
}

/** The same for a message that goes out. */
export function publishProperties(properties: MqttProperties): NonNullable<Properties> {
  const { correlationData, userProperties, ...others } = properties;
  return {
    ...others,
    ...(correlationData !== undefined && { correlationData: Buffer.from(correlationData) }),
    ...(userProperties !== undefined && {
      userProperties: Object.fromEntries(
        Object.entries(userProperties).map(([name, value]) => [name, typeof value === 'string' ? value : [...value]]),
      ),
    }),
  };
}
