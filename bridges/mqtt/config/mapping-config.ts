import { z } from 'zod';
import { errorMessage } from '../../../src/base/error-message.ts';
import { isReserved, isUri } from '../../../src/wamp/uri.ts';
import { callSchemeSchema } from '../calls/call-scheme.ts';
import { presetNames } from '../calls/schemes.ts';
import { ruleSchema, sideTemplate } from '../rules/rule-schema.ts';
import { presencePrefix } from '../topics/level-spelling.ts';

/** What every MQTT bridge has in its configuration, whatever broker it is at: how messages and calls are mapped. */
export const mappingShape = {
  prefix: z
    .string()
    .regex(/^([^\s.#]+\.)+$/, 'must be URI components that end in a dot, such as "mqtt."')
    .refine(
      prefix => !/^(wamp|wampway)\./.test(prefix),
      'must not begin with "wamp." or "wampway.": these are reserved',
    )
    .default('mqtt.')
    .describe('MQTT topics appear under this URI: greenhouse/temperature is mqtt.greenhouse.temperature'),
  uris: z
    .enum(['loose', 'strict'], 'must be "loose" or "strict"')
    .default('loose')
    .describe('strict spells topics with [0-9a-z_] alone, for realms whose URI rule is strict'),
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
  discovery: z
    .union([z.literal(false), z.string().regex(/^[^+#]+[^+#/]$/, 'must be a topic such as "homeassistant"')])
    .default('homeassistant')
    .describe('Where devices announce themselves to Home Assistant: wampway.device.list tells of them'),
};

export type MappingConfig = z.output<z.ZodObject<typeof mappingShape>>;

function isOwn(topic: string, { prefix, errors }: MappingConfig): boolean {
  return topic === errors || `${topic}.`.startsWith(presencePrefix(prefix));
}

/** No rule may map to the gateway's own topics. If `uris` is strict, what rules write out has to be so, too. */
export function checkRules(config: MappingConfig, context: z.core.$RefinementCtx<MappingConfig>): void {
  const { rules, uris } = config;
  for (const [index, rule] of rules.entries()) {
    for (const key of rule.both ? (['from', 'to'] as const) : (['to'] as const)) {
      const topic = rule[key]?.startsWith('wamp:') === true ? rule[key].slice('wamp:'.length) : '';
      if (!isOwn(topic, config)) continue;
      const message = `must not map to ${topic}, where the gateway itself publishes`;
      context.addIssue({ code: 'custom', path: ['rules', index, key], message });
    }
  }
  if (uris === 'loose') return;
  for (const [index, rule] of rules.entries()) {
    for (const key of ['from', 'to'] as const) {
      const text = rule[key];
      if (text === undefined) continue;
      try {
        sideTemplate(text, uris);
      } catch (error) {
        const message = `${errorMessage(error)}, with "uris: strict"`;
        context.addIssue({ code: 'custom', path: ['rules', index, key], message });
      }
    }
  }
}
