import { z } from 'zod';
import { brokerSchema } from './broker-schema.ts';
import { checkRules, mappingShape } from './mapping-config.ts';

/** The `mqtt` part of the configuration. */
export const mqttConfig = z
  .strictObject({
    broker: z
      .enum(['wampway', 'aedes'], 'must be "wampway" or "aedes"')
      .default('wampway')
      .describe(
        'wampway: durable, with TLS, WebSocket and shared subscriptions; aedes: the package of that name, plain TCP, in memory',
      ),
    host: z.string().min(1, 'name an address to listen on, such as 127.0.0.1 or 0.0.0.0').default('127.0.0.1'),
    port: z
      .int('a port is a whole number')
      .min(0, 'a port is a number from 0 to 65535')
      .max(65535, 'a port is a number from 0 to 65535')
      .default(1883)
      .describe('0 takes any free port'),
    ...mappingShape,
    anonymous: z
      .enum(['loopback', 'any', 'none'], 'must be "loopback", "any" or "none"')
      .default('loopback')
      .describe('who may connect without credentials: this machine only, anyone, nobody'),
    presence: z
      .boolean('must be true or false')
      .default(true)
      .describe('Who is connected is retained as presence.{client id} under the prefix'),
    ...brokerSchema,
  })
  .superRefine(checkRules)
  .superRefine(({ broker, tls }, context) => {
    if (broker !== 'aedes') return;
    const message = 'is not for "broker: aedes"';
    if (tls !== undefined) context.addIssue({ code: 'custom', path: ['tls'], message });
  })
  .describe('The embedded MQTT broker, 3.1 and 3.1.1');

export type MqttConfig = z.output<typeof mqttConfig>;
