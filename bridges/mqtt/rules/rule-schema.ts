import { z } from 'zod';
import { isReserved } from '../../../src/wamp/uri.ts';
import { levelSpellings } from '../topics/level-spelling.ts';
import { JsonPointer } from './json-pointer.ts';
import { payloadModes } from './payload-mode.ts';
import { Template, TemplateError } from './template.ts';

const MQTT = 'mqtt:';
const WAMP = 'wamp:';
/** Topics of the router's own, and of the gateway's. */
const OWN = /^(wamp|wampway)(\.|$)/;

const side = z
  .string()
  .max(1024)
  .regex(/^(mqtt|wamp):/, 'must begin with "mqtt:" or "wamp:"');

const pointer = z.string().superRefine((text, context) => {
  try {
    new JsonPointer(text);
  } catch (error) {
    context.addIssue({ code: 'custom', message: error instanceof Error ? error.message : String(error) });
  }
});

/** One rule of the mapping: from one side to the other. */
export const ruleSchema = z
  .strictObject({
    from: side.describe(
      'What is mapped: "mqtt:tele/{device}/SENSOR" or "wamp:dev.{device}.set". {name} and + are one level, # the rest',
    ),
    to: side
      .optional()
      .describe('What becomes of it on the other side, with the same names: "wamp:dev.{device}.sensor"'),
    drop: z.literal(true).optional().describe('Instead of "to": what matches is not passed on'),
    both: z.boolean().default(false).describe('The rule holds the other way round as well'),
    payload: z
      .enum(payloadModes)
      .default('auto')
      .describe('What MQTT payloads are. auto: JSON is its value, other UTF-8 text, the rest bytes'),
    unreadable: z
      .enum(['drop', 'bytes'])
      .default('drop')
      .describe('What becomes of an MQTT payload that is something else: it is lost, or passed on as bytes'),
    select: pointer.optional().describe('The part of the value that is passed on, as a JSON pointer: /ENERGY/Power'),
    timestamp: pointer
      .optional()
      .describe('Where in the value (before select) a time stands: it becomes milliseconds since 1970 UTC'),
    qos: z
      .union([z.literal(0), z.literal(1), z.literal(2)], 'must be 0, 1 or 2')
      .optional()
      .describe('QoS of what goes to MQTT. Unless said, as `publish` has it'),
    retain: z
      .union([z.literal('keep'), z.boolean()], 'must be "keep", true or false')
      .default('keep')
      .describe('Whether the other side retains it; keep: where this side does'),
  })
  .superRefine((rule, context) => {
    const issue = (key: string, message: string) => context.addIssue({ code: 'custom', path: [key], message });
    if ((rule.to === undefined) === (rule.drop === undefined)) {
      issue('from', 'needs either "to" or "drop: true" beside it, one of them');
      return;
    }
    const from = templateOf(rule.from, message => issue('from', message));
    if (rule.to === undefined) {
      if (rule.both) issue('both', 'says nothing where the rule drops');
      return;
    }
    const to = templateOf(rule.to, message => issue('to', message));
    if (rule.from.slice(0, 5) === rule.to.slice(0, 5)) issue('to', `must be the other side of "${rule.from}"`);
    if (from === undefined || to === undefined) return;
    const missing = to.captures.find(name => !from.captures.includes(name));
    if (missing !== undefined) issue('to', `has ${shown(missing)}, which "from" does not`);
    const lost = from.captures.find(name => !to.captures.includes(name));
    if (rule.both && lost !== undefined) issue('both', `needs ${shown(lost)} of "from" in "to" too`);
    for (const key of ['from', 'to'] as const) {
      const text = rule[key] ?? '';
      const speaks = key === 'to' || rule.both;
      if (speaks && text.startsWith(WAMP)) checkTopic(text.slice(WAMP.length), message => issue(key, message));
    }
    if (rule.both && rule.select !== undefined) issue('select', 'cannot be undone, as "both" would have it');
    const isOpaque = rule.payload === 'text' || rule.payload === 'raw';
    for (const key of ['select', 'timestamp'] as const) {
      // Of an event of the realm, what is selected may well be a text.
      const looksInside = (rule[key] ?? '') !== '' && (rule.from.startsWith(MQTT) || rule.both);
      if (isOpaque && looksInside)
        issue(key, `finds nothing where "payload: ${rule.payload}" says that there are no parts`);
    }
    if (rule.from.startsWith(MQTT) && !rule.both && rule.qos !== undefined) issue('qos', 'is for what goes to MQTT');
  });

export type RuleConfig = z.output<typeof ruleSchema>;

/** Both sides of a rule, without the words before the colon. */
export function isFromMqtt({ from }: Pick<RuleConfig, 'from'>): boolean {
  return from.startsWith(MQTT);
}

/** A side as a template. Throws `TemplateError`. */
export function sideTemplate(text: string, uris: keyof typeof levelSpellings): Template {
  const [kind, rest] = [text.slice(0, MQTT.length), text.slice(MQTT.length)];
  return kind === MQTT ? Template.mqtt(rest) : Template.wamp(rest, levelSpellings[uris]);
}

function templateOf(text: string, issue: (message: string) => void): Template | undefined {
  try {
    return sideTemplate(text, 'loose');
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    issue(error.message);
    return undefined;
  }
}

/** No topic of a device's making may be the router's own. */
function checkTopic(uri: string, issue: (message: string) => void): void {
  const first = uri.split('.')[0] ?? '';
  if (/[{+#]/.test(first)) issue('must begin with a component that is written out, such as "wamp:dev."');
  else if (isReserved(uri) || OWN.test(uri)) issue('must not begin with "wamp." or "wampway.", which are the router’s');
}

function shown(name: string): string {
  return /^[+#]/.test(name) ? name.charAt(0) : `{${name}}`;
}
