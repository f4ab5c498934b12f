import { z } from 'zod';
import { JsonPointer } from '../rules/json-pointer.ts';
import type { PayloadShape } from './payload-shape.ts';

const pointer = z.string().refine(text => {
  try {
    return new JsonPointer(text) instanceof JsonPointer;
  } catch {
    return false;
  }
}, 'must be a JSON pointer such as /data');

const qos = z.union([z.literal(0), z.literal(1), z.literal(2)], 'must be 0, 1 or 2');
const shape = z
  .union([z.literal('auto'), z.literal('value'), z.record(z.string(), z.unknown())])
  .default('auto')
  .describe(
    'auto; value: the only argument, or keyword arguments as an object; or JSON in which "$value", "$args", "$kwargs", "$method" and "$n" stand for parts of the call',
  );

/** A topic with names in braces; with more characters, matching it would cost too much. */
const topicPattern = z.string().min(1).max(512);

/** How calls reach a kind of device over MQTT, as data. */
export const callSchemeSchema = z.strictObject({
  listen: topicPattern.describe(
    'The filter that such a device subscribes; subscribing it is being callable. {clientid}, {device} in it',
  ),
  procedure: z
    .string()
    .regex(/^[^\s#]+(\.#)?$/, 'must be URI components, with # as the last for all that follow')
    .describe('Its procedures, under the prefix: "tasmota.{device}.#"; {clientid} and names of `listen` or its own'),
  methods: z
    .array(z.string().min(1))
    .min(1)
    .optional()
    .describe('With # in the procedure: what its last component may be. Unless said, anything'),
  request: z.strictObject({
    topic: topicPattern.describe(
      'Where the call is published: {clientid}, {device}, {n}; {method} is # with dots, {levels} with slashes, {parent} without its last level',
    ),
    payload: shape,
    qos: qos.default(1).describe('QoS of calls to one client id, and at a broker elsewhere; see docs/mqtt-calls.md'),
  }),
  response: z
    .strictObject({
      topic: topicPattern.describe('Where the device answers'),
      also: z
        .record(z.string(), z.array(topicPattern))
        .optional()
        .describe(
          'Where else it answers some methods, by their names in capital letters; {value} is the only argument',
        ),
      exclusive: z.boolean().default(true).describe('Nothing but answers comes there; others are dropped, not events'),
      match: pointer.optional().describe('Where in the answer "$n" of the call stands'),
      result: pointer.optional().describe('The part of the answer that is the result'),
      error: z
        .strictObject({
          at: pointer.optional().describe('The answer is an error where this is there, and not false or null'),
          equals: z.unknown().optional().describe('… or where it is this, or one of these'),
          message: pointer.optional(),
        })
        .optional(),
      errorTopic: topicPattern.optional().describe('Where errors come: {"error": URI, "args": […]}'),
      progressTopic: topicPattern.optional().describe('Where progressive results come'),
    })
    .optional()
    .describe('Without it the call is a command that nobody answers'),
  timeout: z.int().min(10).max(3_600_000).default(10_000).describe('Milliseconds, where the caller names none'),
  inFlight: z.int().min(1).max(1000).default(8).describe('Calls of one device that wait for its answer at a time'),
});

export type CallScheme = Omit<z.output<typeof callSchemeSchema>, 'request'> & {
  readonly request: { readonly topic: string; readonly payload: PayloadShape; readonly qos: 0 | 1 | 2 };
};

/** How devices of a kind call procedures over MQTT. */
export interface CallerScheme {
  /** Where the call comes. `{procedure}` is the procedure, unless it stands in the payload. */
  readonly request: string;
  readonly procedure?: string;
  readonly args?: string;
  readonly answer: string;
  /** Without it, errors come where answers do. */
  readonly error?: string;
}
