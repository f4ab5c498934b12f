import type { MqttProperties } from '../source/mqtt-source.ts';

/** Properties of a PUBLISH packet that are kept beyond the connection, as the client library names them. */
export interface PacketProperties {
  contentType?: string;
  responseTopic?: string;
  correlationData?: Buffer;
  messageExpiryInterval?: number;
  userProperties?: Record<string, string | string[]>;
}

/** The MQTT 5 properties of a message. Undefined if it has none. [MQTT 5: 3.3.2.3] */
export function propertiesOfPacket({
  properties,
}: {
  readonly properties?: PacketProperties;
}): MqttProperties | undefined {
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

/** The properties of an outgoing message. */
export function publishProperties(properties: MqttProperties): PacketProperties {
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
