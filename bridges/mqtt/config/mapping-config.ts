import { z } from 'zod';
import { errorMessage } from '../../../src/base/error-message.ts';
import { isReserved, isUri } from '../../../src/wamp/uri.ts';
import { callSchemeSchema } from '../calls/call-scheme.ts';
import { presetNames } from '../calls/schemes.ts';
import { ruleSchema, sideTemplate } from '../rules/rule-schema.ts';
import { presencePrefix } from '../topics/level-spelling.ts';

/** The configuration of every MQTT bridge, with any broker: how messages and calls are mapped. */
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
    .describe('strict: URIs of topics contain only [0-9a-z_], for realms with strict URIs'),
  publish: z
    .strictObject({
      qos: z.union([z.literal(0), z.literal(1), z.literal(2)], 'must be 0, 1 or 2').default(0),
      retain: z
        .union([z.literal('keep'), z.boolean()], 'must be "keep", true or false')
        .default('keep')
        .describe('Whether the broker retains them; keep: as the realm does'),
    })
    .prefault({})
    .describe('How WAMP events are published to MQTT'),
  mirror: z
    .boolean('must be true or false')
    .default(true)
    .describe('Topics that no rule matches are mapped to URIs under the prefix, in both directions'),
  rules: z
    .array(ruleSchema)
    .max(1000)
    .default([])
    .describe('Maps MQTT topics to WAMP topics and back; the first rule that matches applies'),
  errors: z
    .string()
    .refine(uri => isUri(uri, 'strict') && !isReserved(uri), 'must be a URI such as "bridge.mqtt.error"')
    .default('bridge.mqtt.error')
    .describe('The WAMP topic that reports messages which a rule could not map, at most once a second for each kind'),
  calls: z
    .strictObject({
      own: z
        .boolean('must be true or false')
        .default(true)
        .describe(
          'Devices that subscribe rpc/{client id}/req/# can be called. Devices call with call/{client id}/{n}/{procedure}',
        ),
      presets: z
        .array(z.enum(presetNames))
        .default([])
        .describe('Call conventions of these products: thingsboard, zigbee2mqtt, tasmota'),
      schemes: z.array(callSchemeSchema).max(100).default([]).describe('Call conventions of other devices'),
    })
    .prefault({})
    .describe('Calls to and from MQTT devices'),
  discovery: z
    .union([z.literal(false), z.string().regex(/^[^+#]+[^+#/]$/, 'must be a topic such as "homeassistant"')])
    .default('homeassistant')
    .describe('The topic under which devices announce themselves to Home Assistant; wampway.device.list returns them'),
};

export type MappingConfig = z.output<z.ZodObject<typeof mappingShape>>;

function isOwn(topic: string, { prefix, errors }: MappingConfig): boolean {
  return topic === errors || `${topic}.`.startsWith(presencePrefix(prefix));
}

/**
 * Rules must not map to the gateway's own topics. If `uris` is strict, the texts in the rules have to be strict too.
 */
export function checkRules(config: MappingConfig, context: z.core.$RefinementCtx<MappingConfig>): void {
  const { rules, uris } = config;
  for (const [index, rule] of rules.entries()) {
    for (const key of rule.both ? (['from', 'to'] as const) : (['to'] as const)) {
      const topic = rule[key]?.startsWith('wamp:') === true ? rule[key].slice('wamp:'.length) : '';
      if (!isOwn(topic, config)) continue;
      const message = `must not map to ${topic}, which is reserved for the gateway`;
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
