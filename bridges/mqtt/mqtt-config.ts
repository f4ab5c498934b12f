import { z } from 'zod';
import { isReserved, isUri } from '../../src/wamp/uri.ts';
import { callSchemeSchema } from './calls/call-scheme.ts';
import { presetNames } from './calls/schemes.ts';
import { ruleSchema, sideTemplate } from './rules/rule-schema.ts';

const MEBIBYTE = 1024 * 1024;

/** The `mqtt` part of the configuration. */
export const mqttConfig = z
  .strictObject({
    host: z.string().min(1, 'name an address to listen on, such as 127.0.0.1 or 0.0.0.0').default('127.0.0.1'),
    port: z
      .int('a port is a whole number')
      .min(0, 'a port is a number from 0 to 65535')
      .max(65535, 'a port is a number from 0 to 65535')
      .default(1883)
      .describe('0 takes any free port'),
    prefix: z
      .string()
      .regex(/^([^\s.#]+\.)+$/, 'must be URI components that end in a dot, such as "mqtt."')
      .refine(prefix => !prefix.startsWith('wamp.'), 'must not begin with "wamp.": that namespace is reserved')
      .default('mqtt.')
      .describe('MQTT topics appear under this URI: greenhouse/temperature is mqtt.greenhouse.temperature'),
    uris: z
      .enum(['loose', 'strict'], 'must be "loose" or "strict"')
      .default('loose')
      .describe('strict spells topics with [0-9a-z_] alone, for realms whose URI rule is strict'),
    anonymous: z
      .enum(['loopback', 'any', 'none'], 'must be "loopback", "any" or "none"')
      .default('loopback')
      .describe('who may connect without credentials: this machine only, anyone, nobody'),
    publish: z
      .strictObject({
        qos: z.union([z.literal(0), z.literal(1), z.literal(2)], 'must be 0, 1 or 2').default(0),
        retain: z
          .union([z.literal('keep'), z.boolean()], 'must be "keep", true or false')
          .default('keep')
          .describe('Whether the broker retains them; keep: those that the realm retains'),
      })
      .prefault({})
      .describe('how WAMP events are published to MQTT'),
    mirror: z
      .boolean('must be true or false')
      .default(true)
      .describe('What no rule takes is mirrored under the prefix, both ways'),
    rules: z
      .array(ruleSchema)
      .max(1000)
      .default([])
      .describe('Which MQTT topics are which WAMP topics; the first that matches holds'),
    errors: z
      .string()
      .refine(uri => isUri(uri, 'strict') && !isReserved(uri), 'must be a URI such as "bridge.mqtt.error"')
      .default('bridge.mqtt.error')
      .describe('Where it is told of messages that a rule could not map, at most once a second of each kind'),
    calls: z
      .strictObject({
        own: z
          .boolean('must be true or false')
          .default(true)
          .describe(
            'Devices that subscribe rpc/{client id}/req/# are called, and call by call/{client id}/{n}/{procedure}',
          ),
        presets: z
          .array(z.enum(presetNames))
          .default([])
          .describe('Calls as these devices have them: thingsboard, zigbee2mqtt, tasmota'),
        schemes: z.array(callSchemeSchema).max(100).default([]).describe('Calls as other devices have them'),
      })
      .prefault({})
      .describe('Calls to MQTT devices and by them'),
    presence: z
      .boolean('must be true or false')
      .default(true)
      .describe('Who is connected is retained as presence.{client id} under the prefix'),
    discovery: z
      .union([z.literal(false), z.string().regex(/^[^+#]+[^+#/]$/, 'must be a topic such as "homeassistant"')])
      .default('homeassistant')
      .describe('Where devices announce themselves to Home Assistant: wampway.device.list tells of them'),
    maxPacketSize: z
      .int('must be a whole number of bytes')
      .min(128, 'must be at least 128 bytes')
      .max(256 * MEBIBYTE, 'must be at most 268435456: MQTT has no larger packets')
      .default(256 * 1024)
      .describe('bytes; a client that sends a larger packet is disconnected'),
    maxClients: z.int('must be a whole number').min(1, 'must be at least 1').max(100_000).default(1000),
    maxQueuedBytes: z
      .int('must be a whole number of bytes')
      .min(64 * 1024, 'must be at least 65536 bytes')
      .default(8 * MEBIBYTE)
      .describe('bytes that may wait for a slow subscriber; with more it is disconnected'),
    connectTimeout: z
      .int('must be a whole number of milliseconds')
      .min(100, 'must be at least 100 milliseconds')
      .default(10_000)
      .describe('milliseconds in which a connection must have sent CONNECT'),
  })
  .superRefine(({ rules, uris }, context) => {
    if (uris === 'loose') return;
    for (const [index, rule] of rules.entries()) {
      for (const key of ['from', 'to'] as const) {
        const text = rule[key];
        if (text === undefined) continue;
        try {
          sideTemplate(text, uris);
        } catch (error) {
          const message = `${error instanceof Error ? error.message : String(error)}, with "uris: strict"`;
          context.addIssue({ code: 'custom', path: ['rules', index, key], message });
        }
      }
    }
  })
  .describe('The embedded MQTT broker, 3.1 and 3.1.1');

export type MqttConfig = z.output<typeof mqttConfig>;
