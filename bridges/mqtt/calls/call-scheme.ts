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

/** A topic with names in braces. Its length is bounded, because matching a longer one would cost too much. */
const topicPattern = z.string().min(1).max(512);

/** How the gateway calls one kind of device over MQTT, as data. */
export const callSchemeSchema = z.strictObject({
  listen: topicPattern.describe(
    'The filter that such a device subscribes to. A device that has subscribed is callable. It may contain {clientid} and {device}',
  ),
  procedure: z
    .string()
    .regex(/^[^\s#]+(\.#)?$/, 'must be URI components; the last may be # for all further ones')
    .describe('Its procedures, under the prefix: "tasmota.{device}.#"; {clientid} and names of `listen` or its own'),
  methods: z
    .array(z.string().min(1))
    .min(1)
    .optional()
    .describe('If the procedure contains #: the allowed last components. Default: any'),
  request: z.strictObject({
    topic: topicPattern.describe(
      'The topic of the call: {clientid}, {device}, {n}; {method} is # with dots, {levels} with slashes, {parent} without its last level',
    ),
    payload: shape,
    qos: qos.default(1).describe('QoS of calls to one client id, and at an external broker; see docs/mqtt-calls.md'),
  }),
  response: z
    .strictObject({
      topic: topicPattern.describe('The topic of the device’s answers'),
      also: z
        .record(z.string(), z.array(topicPattern))
        .optional()
        .describe(
          'Other answer topics for some methods, by their names in capital letters; {value} is the only argument',
        ),
      exclusive: z
        .boolean()
        .default(true)
        .describe('The topic carries answers only; other messages are dropped and are not events'),
      match: pointer.optional().describe('The part of the answer that repeats "$n" of the call'),
      result: pointer.optional().describe('The part of the answer that is the result'),
      error: z
        .strictObject({
          at: pointer.optional().describe('The answer is an error if this part exists and is not false or null'),
          equals: z.unknown().optional().describe('… or if it equals this value, or one of these'),
          message: pointer.optional(),
        })
        .optional(),
      errorTopic: topicPattern.optional().describe('The topic of errors: {"error": URI, "args": […]}'),
      progressTopic: topicPattern.optional().describe('The topic of progressive results'),
    })
    .optional()
    .describe('Without it, the call is a command without an answer'),
  timeout: z
    .int()
    .min(10)
    .max(3_600_000)
    .default(10_000)
    .describe('Milliseconds until the call fails, if the caller sets no timeout'),
  inFlight: z.int().min(1).max(1000).default(8).describe('Calls that may wait for an answer of one device'),
});

export type CallScheme = Omit<z.output<typeof callSchemeSchema>, 'request'> & {
  readonly request: { readonly topic: string; readonly payload: PayloadShape; readonly qos: 0 | 1 | 2 };
};

/** How one kind of device calls procedures over MQTT. */
export interface CallerScheme {
  /** The topic of a call. `{procedure}` is the procedure, unless the payload names it. */
  readonly request: string;
  readonly procedure?: string;
  readonly args?: string;
  readonly answer: string;
  /** Without it, errors are published on the topic of answers. */
  readonly error?: string;
}
