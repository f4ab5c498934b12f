import { z } from 'zod';
import { brokerSchema } from './broker-schema.ts';
import { checkRules, mappingShape } from './mapping-config.ts';

/** The `mqtt` section of the configuration. */
export const mqttConfig = z
  .strictObject({
    broker: z
      .enum(['wampway', 'aedes'], 'must be "wampway" or "aedes"')
      .default('wampway')
      .describe(
        'wampway: durable, with TLS, WebSocket and shared subscriptions; aedes: the package of that name, plain TCP, in memory',
      ),
    host: z.string().min(1, 'must be an address to listen on, such as 127.0.0.1 or 0.0.0.0').default('127.0.0.1'),
    port: z
      .int('must be a whole number')
      .min(0, 'must be a port from 0 to 65535')
      .max(65535, 'must be a port from 0 to 65535')
      .default(1883)
      .describe('0 takes any free port'),
    ...mappingShape,
    anonymous: z
      .enum(['loopback', 'any', 'none'], 'must be "loopback", "any" or "none"')
      .default('loopback')
      .describe('Which clients may connect without credentials: those on this machine, any, none'),
    presence: z
      .boolean('must be true or false')
      .default(true)
      .describe('The state of each client is retained as presence.{client id} under the prefix'),
    ...brokerSchema,
  })
  .superRefine(checkRules)
  .superRefine(({ broker, tls }, context) => {
    if (broker !== 'aedes') return;
    const message = 'is not supported with "broker: aedes"';
    if (tls !== undefined) context.addIssue({ code: 'custom', path: ['tls'], message });
  })
  .describe('The embedded MQTT broker, for MQTT 3.1 and 3.1.1');

export type MqttConfig = z.output<typeof mqttConfig>;
