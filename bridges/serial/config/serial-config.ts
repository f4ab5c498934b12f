import { z } from 'zod';
import { LinearPattern } from '../../../src/base/patterns/linear-pattern.ts';
import { isReserved, isUri } from '../../../src/wamp/uri.ts';
import { lineSettings } from './line-settings.ts';
import { placeholdersOf } from './write-template.ts';

/** The name of a device or an argument. */
const name = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,63}$/, 'must be a letter or _, then letters, digits or _');

/** YAML keeps the backslash of 'a\n' in single quotes and without quotes. The author meant a line feed. */
const withEscapes = z
  .string()
  .min(1)
  .refine(text => !/\\[nrt0]/.test(text), 'contains a backslash: write the text in double quotes, as in "\\n"');

/** Steps of the matcher for one frame and pattern, about ten nanoseconds each. */
const MAX_PATTERN_STEPS = 2 ** 23;

const pattern = z.string().superRefine((source, context) => {
  const message = LinearPattern.problem(source);
  if (message !== undefined) context.addIssue({ code: 'custom', message });
});

const lineFraming = z.strictObject({
  type: z.literal('line'),
  delimiter: withEscapes
    .max(16)
    .default('\n')
    .describe('The delimiter of lines. With "\\n", a carriage return before it is removed too.'),
  maxLength: z.int().min(1).max(65_536).default(1024).describe('Longest line in bytes; longer ones are dropped.'),
  encoding: z.enum(['utf8', 'latin1']).default('utf8'),
});

/** How the bridge separates frames. */
export const framing = z.discriminatedUnion('type', [lineFraming]);

export type FramingConfig = z.output<typeof framing>;

const publishRule = z
  .strictObject({
    match: pattern.describe('Regular expression; its named groups become the keyword arguments of the event.'),
    topic: z
      .string()
      .optional()
      .describe('Topic under serial.{id}. ; with {name}, each named value is one event. Default: serial.{id} itself.'),
    uri: z.string().optional().describe('The full URI, instead of topic. It may be outside serial.{id}.'),
    text: z.array(name).default([]).describe('Named groups that stay text, even if they look like numbers.'),
  })
  .superRefine((rule, context) => {
    const issue = (path: string, message: string) => context.addIssue({ code: 'custom', path: [path], message });
    if (rule.topic !== undefined && rule.uri !== undefined) issue('uri', 'must not be given together with topic');
    const perValue = (rule.uri ?? rule.topic)?.includes('{name}') === true;
    if (perValue && !/\(\?<[^=!]/.test(rule.match)) {
      issue('match', 'needs a named group, such as (?<temperature>…), because the topic contains {name}');
    }
  });

export type PublishRuleConfig = z.output<typeof publishRule>;

const scalar = z.union([z.string(), z.number()]).transform(String);

const argument = z.discriminatedUnion('type', [
  z.strictObject({
    name,
    type: z.literal('integer'),
    min: z.int().optional(),
    max: z.int().optional(),
    default: z.int().optional(),
  }),
  z.strictObject({
    name,
    type: z.literal('number'),
    min: z.number().optional(),
    max: z.number().optional(),
    decimals: z.int().min(0).max(15).optional().describe('Digits after the point, always written.'),
    default: z.number().optional(),
  }),
  z.strictObject({
    name,
    type: z.literal('boolean'),
    values: z.tuple([scalar, scalar]).default(['0', '1']).describe('The texts for false and for true.'),
    default: z.boolean().optional(),
  }),
  z.strictObject({
    name,
    type: z.literal('enum'),
    values: z.array(scalar).min(1).max(256),
    default: scalar.optional(),
  }),
  z.strictObject({
    name,
    type: z.literal('string'),
    maxLength: z.int().min(1).max(4096).default(64),
    pattern: pattern.optional().describe('Regular expression that the whole text must match.'),
    default: z.string().optional(),
  }),
]);

export type ArgumentConfig = z.output<typeof argument>;

const procedure = z
  .strictObject({
    name: z.string().min(1).optional().describe('Procedure under serial.{id}.'),
    uri: z.string().min(1).optional().describe('The full URI, instead of name. It may be outside serial.{id}.'),
    write: withEscapes.describe('The text to write, with a placeholder {argument} for each argument.'),
    args: z.array(argument).max(32).default([]),
    expect: pattern
      .optional()
      .describe('Regular expression of the answer. Without one, the call returns as soon as it is written.'),
    error: pattern.optional().describe('Regular expression of an answer that reports an error.'),
    timeout: z.int().min(1).max(600_000).default(2000).describe('Milliseconds from the write to the answer.'),
    retries: z
      .int()
      .min(0)
      .max(10)
      .default(0)
      .describe('Repeats the command if no answer comes. Only for commands that may be executed twice.'),
    text: z.array(name).default([]).describe('Named groups of the answer that stay text.'),
  })
  .superRefine((value, context) => {
    const declared = value.args.map(argument => argument.name);
    const used = placeholdersOf(value.write);
    const issue = (path: (string | number)[], message: string) => context.addIssue({ code: 'custom', path, message });
    if ((value.name === undefined) === (value.uri === undefined)) issue([], 'needs either name or uri');
    for (const placeholder of used) {
      if (!declared.includes(placeholder)) issue(['write'], `contains {${placeholder}}, which args does not declare`);
    }
    for (const [index, argument] of declared.entries()) {
      if (!used.includes(argument))
        issue(['args', index, 'name'], `"${argument}" is not used in write: add "{${argument}}"`);
      if (declared.indexOf(argument) !== index) issue(['args', index, 'name'], `"${argument}" is declared twice`);
    }
    if (value.error !== undefined && value.expect === undefined) {
      issue(['error'], 'needs expect: without it the call does not wait for an answer');
    }
    if (value.retries > 0 && value.expect === undefined) {
      issue(['retries'], 'needs expect: without it the bridge waits for no answer');
    }
  });

export type ProcedureConfig = z.output<typeof procedure>;

/** One port with its device. */
export const portConfig = z
  .strictObject({
    id: z
      .string()
      .regex(/^[A-Za-z0-9_-]{1,64}$/, 'must be 1 to 64 letters, digits, _ or -')
      .describe('The name of the device. Its topics and procedures are under serial.{id}.'),
    path: z
      .string()
      .min(1)
      .describe('The port, preferably by its stable name: /dev/serial/by-id/… ; demo:NAME is a simulated device.'),
    line: lineSettings.prefault('9600n81'),
    framing: framing.prefault({ type: 'line' }),
    openDelay: z
      .int()
      .min(0)
      .max(60_000)
      .default(0)
      .describe('Milliseconds from opening to the first write; an Arduino that resets when opened needs 2000.'),
    hupcl: z.boolean().default(false).describe('Drop DTR when the port closes (which resets many boards).'),
    dtr: z.boolean().optional().describe('Sets DTR after opening. Default: unchanged.'),
    rts: z.boolean().optional().describe('Sets RTS after opening. Default: unchanged.'),
    silence: z
      .int()
      .min(0)
      .max(86_400_000)
      .default(0)
      .describe('Reopens the port if no bytes arrive for so many milliseconds; 0: never.'),
    keepRegistered: z
      .boolean()
      .default(false)
      .describe('Keep procedures registered while the device is away; calls then fail with wamp.error.unavailable.'),
    queue: z.int().min(1).max(1024).default(16).describe('Calls that may wait for the line. Further calls fail.'),
    resyncIdle: z
      .int()
      .min(0)
      .max(60_000)
      .default(250)
      .describe(
        'Milliseconds of silence to wait for after a missing answer, so that a late answer is not taken for the next one.',
      ),
    publish: z.array(publishRule).max(256).default([]),
    procedures: z.array(procedure).max(256).default([]),
  })
  .superRefine((port, context) => {
    for (const [index, rule] of port.publish.entries()) {
      const problem = uriProblem(deviceUri(port.id, rule.topic, rule.uri).replaceAll('{name}', 'name'));
      const key = rule.uri === undefined ? 'topic' : 'uri';
      if (problem !== undefined) context.addIssue({ code: 'custom', path: ['publish', index, key], message: problem });
    }
    for (const { source, path } of framePatterns(port)) {
      const problem = costProblem(source, port.framing.maxLength);
      if (problem !== undefined) context.addIssue({ code: 'custom', path, message: problem });
    }
    const seen = new Set([statusUri(port.id)]);
    for (const [index, { name, uri }] of port.procedures.entries()) {
      const full = deviceUri(port.id, name, uri);
      const problem = seen.has(full) ? `${full} is already in use` : uriProblem(full);
      const key = uri === undefined ? 'name' : 'uri';
      if (problem !== undefined)
        context.addIssue({ code: 'custom', path: ['procedures', index, key], message: problem });
      seen.add(full);
    }
  });

export type PortConfig = z.output<typeof portConfig>;

interface FramePatterns {
  readonly publish: readonly PublishRuleConfig[];
  readonly procedures: readonly Pick<ProcedureConfig, 'expect' | 'error'>[];
}

/** The patterns that are matched against frames, with their paths in the configuration. */
function framePatterns({ publish, procedures }: FramePatterns): { source: string; path: (string | number)[] }[] {
  const answers = procedures.flatMap(({ expect, error }, index) => [
    { source: expect ?? '', path: ['procedures', index, 'expect'] },
    { source: error ?? '', path: ['procedures', index, 'error'] },
  ]);
  return [...publish.map(({ match }, index) => ({ source: match, path: ['publish', index, 'match'] })), ...answers];
}

/** Matching takes linear time, so its cost grows with the length of a frame and the size of a pattern. */
function costProblem(source: string, maxLength: number): string | undefined {
  if (LinearPattern.problem(source) !== undefined) return undefined;
  const { size } = new LinearPattern(source);
  if (size * maxLength <= MAX_PATTERN_STEPS) return undefined;
  const allowed = Math.floor(MAX_PATTERN_STEPS / maxLength);
  return `is too large for frames of ${maxLength} bytes: it compiles to ${size} instructions, and ${allowed} are allowed. Make the pattern or framing.maxLength smaller`;
}

/** The configuration of the serial bridge. */
export const serialConfig = z.strictObject({
  ports: z
    .array(portConfig)
    .max(256)
    .default([])
    .superRefine((ports, context) => {
      for (const key of ['id', 'path'] as const) {
        for (const [index, port] of ports.entries()) {
          if (ports.findIndex(other => other[key] === port[key]) === index) continue;
          context.addIssue({ code: 'custom', path: [index, key], message: `${port[key]} is used by two ports` });
        }
      }
    }),
});

export type SerialConfig = z.output<typeof serialConfig>;

/** The topic of a device's presence, and the procedure that returns it. */
export function statusUri(id: string): string {
  return deviceUri(id, 'status');
}

/**
 * The full URI: `uri` unchanged; else `relative` under the device's `serial.{id}.`, which may also be written out; else
 * `serial.{id}`. `{id}` is replaced.
 */
export function deviceUri(id: string, relative: string | undefined, uri?: string): string {
  const own = `serial.${id}`;
  const given = (uri ?? relative)?.replaceAll('{id}', id);
  if (given === undefined) return own;
  return uri !== undefined || given.startsWith(`${own}.`) ? given : `${own}.${given}`;
}

function uriProblem(uri: string): string | undefined {
  const unknown = /\{[^}]*\}/.exec(uri)?.[0];
  if (unknown !== undefined) return `contains ${unknown}; the placeholders are {id}, and {name} in a topic`;
  if (!isUri(uri, 'loose')) return `${uri} is not a valid URI: it must not contain spaces, # or empty components`;
  return isReserved(uri) ? `${uri} begins with wamp., which is reserved for the protocol` : undefined;
}
