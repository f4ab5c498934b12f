import { z } from 'zod';
import { errorMessage } from '../../../src/base/error-message.ts';
import { isReserved } from '../../../src/wamp/uri.ts';
import { levelSpellings } from '../topics/level-spelling.ts';
import { JsonPointer } from './json-pointer.ts';
import { payloadModes } from './payload-mode.ts';
import { Template, TemplateError } from './template.ts';

const MQTT = 'mqtt:';
const WAMP = 'wamp:';
/** Topics of the router and of the gateway. */
const OWN = /^(wamp|wampway)(\.|$)/;

const side = z
  .string()
  .max(1024)
  .regex(/^(mqtt|wamp):/, 'must begin with "mqtt:" or "wamp:"');

const pointer = z.string().superRefine((text, context) => {
  try {
    new JsonPointer(text);
  } catch (error) {
    context.addIssue({ code: 'custom', message: errorMessage(error) });
  }
});

/** One mapping rule, from one side to the other. */
export const ruleSchema = z
  .strictObject({
    from: side.describe(
      'The mapped topic: "mqtt:tele/{device}/SENSOR" or "wamp:dev.{device}.set". {name} and + are one level, # is the rest',
    ),
    to: side.optional().describe('The topic on the other side, with the same names: "wamp:dev.{device}.sensor"'),
    drop: z.literal(true).optional().describe('Instead of "to": matching messages are not passed on'),
    both: z.boolean().default(false).describe('The rule also maps in the other direction'),
    payload: z
      .enum(payloadModes)
      .default('auto')
      .describe('The format of MQTT payloads. auto: JSON becomes its value, other UTF-8 a string, anything else bytes'),
    unreadable: z
      .enum(['drop', 'bytes'])
      .default('drop')
      .describe('What happens to an MQTT payload of another format: dropped, or passed on as bytes'),
    select: pointer.optional().describe('The part of the value that is passed on, as a JSON pointer: /ENERGY/Power'),
    timestamp: pointer
      .optional()
      .describe('The part of the value (before select) that is a time. It becomes milliseconds since 1970 UTC'),
    qos: z
      .union([z.literal(0), z.literal(1), z.literal(2)], 'must be 0, 1 or 2')
      .optional()
      .describe('QoS of the messages to MQTT. Default: the QoS of `publish`'),
    retain: z
      .union([z.literal('keep'), z.boolean()], 'must be "keep", true or false')
      .default('keep')
      .describe('Whether the other side retains the message; keep: as this side does'),
  })
  .superRefine((rule, context) => {
    const issue = (key: string, message: string) => context.addIssue({ code: 'custom', path: [key], message });
    if ((rule.to === undefined) === (rule.drop === undefined)) issue('from', 'needs either "to" or "drop: true"');
    else if (checkCaptures(rule, issue)) {
      checkTopics(rule, issue);
      checkConversion(rule, issue);
    }
  });

type CheckedRule = Pick<RuleConfig, 'from' | 'to' | 'both' | 'select' | 'timestamp' | 'payload' | 'qos'>;

type Issue = (key: string, message: string) => void;

/** Checks the two sides. Returns whether both are valid templates. */
function checkCaptures(rule: CheckedRule, issue: Issue): boolean {
  const from = templateOf(rule.from, message => issue('from', message));
  if (rule.to === undefined) {
    if (rule.both) issue('both', 'has no effect together with "drop"');
    return false;
  }
  const to = templateOf(rule.to, message => issue('to', message));
  if (rule.from.slice(0, 5) === rule.to.slice(0, 5)) issue('to', `must be on the other side than "${rule.from}"`);
  if (from === undefined || to === undefined) return false;
  const missing = to.captures.find(name => !from.captures.includes(name));
  if (missing !== undefined) issue('to', `has ${shown(missing)}, which "from" does not`);
  const lost = from.captures.find(name => !to.captures.includes(name));
  if (rule.both && lost !== undefined) issue('both', `needs ${shown(lost)} of "from" in "to" too`);
  return true;
}

/** Checks that the rule can publish to its WAMP side. */
function checkTopics(rule: CheckedRule, issue: Issue): void {
  for (const key of ['from', 'to'] as const) {
    const text = rule[key] ?? '';
    const speaks = key === 'to' || rule.both;
    if (speaks && text.startsWith(WAMP)) checkTopic(text.slice(WAMP.length), message => issue(key, message));
  }
}

function checkConversion(rule: CheckedRule, issue: Issue): void {
  if (rule.both && rule.select !== undefined)
    issue('select', 'cannot be reversed, so it must not be combined with "both"');
  const isOpaque = rule.payload === 'text' || rule.payload === 'raw';
  for (const key of ['select', 'timestamp'] as const) {
    // In the other direction, the selected part of an event may be a text.
    const looksInside = (rule[key] ?? '') !== '' && (rule.from.startsWith(MQTT) || rule.both);
    if (isOpaque && looksInside) issue(key, `has no effect, because "payload: ${rule.payload}" has no parts`);
  }
  if (rule.from.startsWith(MQTT) && !rule.both && rule.qos !== undefined)
    issue('qos', 'applies only to rules that publish to MQTT');
}

export type RuleConfig = z.output<typeof ruleSchema>;

/** Both sides of a rule, without "mqtt:" and "wamp:". */
export function isFromMqtt({ from }: Pick<RuleConfig, 'from'>): boolean {
  return from.startsWith(MQTT);
}

/** One side as a template. Throws `TemplateError`. */
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

/** A rule must not let a device publish topics of the router. */
function checkTopic(uri: string, issue: (message: string) => void): void {
  const first = uri.split('.')[0] ?? '';
  if (/[{+#]/.test(first)) issue('must begin with a literal component, such as "wamp:dev."');
  else if (isReserved(uri) || OWN.test(uri))
    issue('must not begin with "wamp." or "wampway.", which are reserved for the router');
}

function shown(name: string): string {
  return /^[+#]/.test(name) ? name.charAt(0) : `{${name}}`;
}
