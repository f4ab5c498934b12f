import { createPrivateKey, X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { z } from 'zod';
import { checkRules, mappingShape } from '../config/mapping-config.ts';

const KIBIBYTE = 1024;
const MEBIBYTE = 1024 * KIBIBYTE;
const milliseconds = z.int('must be a whole number of milliseconds');

const pem = z.string().regex(/^-----BEGIN /m, 'must be PEM: !file PATH reads it from a file');

/** What the TLS library would refuse at each attempt to connect. */
function checkTls(
  { ca, cert, key }: { ca?: string | undefined; cert?: string | undefined; key?: string | undefined },
  context: z.RefinementCtx,
): void {
  const check = (name: string, message: string, attempt: () => unknown): void => {
    try {
      attempt();
    } catch {
      context.addIssue({ code: 'custom', path: [name], message });
    }
  };
  // createSecureContext passes over authorities that are none.
  if (ca !== undefined) check('ca', 'holds no certificate in PEM', () => new X509Certificate(ca));
  if (cert !== undefined) check('cert', 'holds no certificate in PEM', () => new X509Certificate(cert));
  if (key !== undefined) check('key', 'holds no private key in PEM that can be used', () => createPrivateKey(key));
  if (context.issues.length > 0 || cert === undefined || key === undefined) return;
  check('key', 'does not belong to the certificate', () => createSecureContext({ cert, key }));
}

const subscription = z.strictObject({
  filter: z.string().min(1).max(65_535),
  qos: z.union([z.literal(0), z.literal(1), z.literal(2)], 'must be 0, 1 or 2').default(1),
});

/** The `mqtt-external` part of the configuration. */
export const externalConfig = z
  .strictObject({
    url: z
      .string()
      .regex(
        /^(mqtt|mqtts|ws|wss):\/\/[^\s/@]+/,
        'must be such as mqtt://192.168.1.5:1883 or mqtts://broker.example:8883',
      )
      .refine(text => URL.canParse(text), 'is no URL: its host or its port (1 to 65535) is not valid')
      .describe('The broker: mqtt, mqtts (TLS), ws or wss'),
    version: z
      .enum(['auto', '5', '3.1.1'], 'must be "auto", "5" or "3.1.1"')
      .default('auto')
      .describe('auto: MQTT 5, and 3.1.1 where the broker does not speak it'),
    clientId: z
      .string()
      .min(1)
      .max(200)
      .default('wampway')
      .describe('By which the broker knows this gateway, and keeps what comes while it is away: one for each gateway'),
    username: z.string().optional(),
    password: z.string().optional().describe('Best kept elsewhere: !env NAME or !file PATH'),
    tls: z
      .strictObject({
        ca: pem.optional().describe('The certificates that the broker is known by'),
        cert: pem.optional().describe('The certificate that this gateway shows'),
        key: pem.optional().describe('Its private key'),
      })
      .superRefine(checkTls)
      .optional()
      .describe('All in PEM, best by !file PATH'),
    subscribe: z
      .array(
        z.union([
          z
            .string()
            .min(1)
            .max(65_535)
            .transform(filter => subscription.parse({ filter })),
          subscription,
        ]),
      )
      .min(1)
      .default([{ filter: '#', qos: 1 }])
      .describe('Filters of what is taken from the broker'),
    keepalive: z.int().min(1).max(65_535).default(30).describe('Seconds'),
    sessionExpiry: z
      .int()
      .min(0)
      .max(4_294_967_295)
      .default(24 * 3600)
      .describe('Seconds that a broker with MQTT 5 keeps what comes while the gateway is away'),
    reconnect: z
      .strictObject({
        first: milliseconds
          .min(10)
          .default(500)
          .describe('Pause before the first attempt; doubled for each further one'),
        last: milliseconds.min(10).default(30_000).describe('The longest pause'),
      })
      .prefault({}),
    queue: z
      .strictObject({
        maxMessages: z.int().min(1).max(10_000_000).default(100_000),
        maxBytes: z
          .int()
          .min(KIBIBYTE)
          .default(64 * MEBIBYTE),
        whenFull: z.enum(['drop-oldest', 'drop-new'], 'must be "drop-oldest" or "drop-new"').default('drop-oldest'),
        qos0: z.boolean().default(false).describe('Messages with QoS 0 wait too while the broker is away'),
      })
      .prefault({})
      .describe('What waits for a broker that is away or slow'),
    ...mappingShape,
  })
  .superRefine(checkRules)
  .describe('Another MQTT broker, 3.1.1 or 5');

export type ExternalConfig = z.output<typeof externalConfig>;
