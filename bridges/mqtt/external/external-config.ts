import { createPrivateKey, X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { z } from 'zod';
import { checkRules, mappingShape } from '../config/mapping-config.ts';

const KIBIBYTE = 1024;
const MEBIBYTE = 1024 * KIBIBYTE;
const milliseconds = z.int('must be a whole number of milliseconds');

const pem = z.string().regex(/^-----BEGIN /m, 'must be PEM: !file PATH reads it from a file');

/** Errors that the TLS library would report at each attempt to connect. */
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
  // createSecureContext ignores authorities that are not valid.
  if (ca !== undefined) check('ca', 'must contain a certificate in PEM', () => new X509Certificate(ca));
  if (cert !== undefined) check('cert', 'must contain a certificate in PEM', () => new X509Certificate(cert));
  if (key !== undefined) check('key', 'must contain a usable private key in PEM', () => createPrivateKey(key));
  if (context.issues.length > 0 || cert === undefined || key === undefined) return;
  check('key', 'does not belong to the certificate', () => createSecureContext({ cert, key }));
}

const subscription = z.strictObject({
  filter: z.string().min(1).max(65_535),
  qos: z.union([z.literal(0), z.literal(1), z.literal(2)], 'must be 0, 1 or 2').default(1),
});

/** The `mqtt-external` section of the configuration. */
export const externalConfig = z
  .strictObject({
    url: z
      .string()
      .regex(
        /^(mqtt|mqtts|ws|wss):\/\/[^\s/@]+/,
        'must be such as mqtt://192.168.1.5:1883 or mqtts://broker.example:8883',
      )
      .refine(text => URL.canParse(text), 'must be a valid URL: its host or its port (1 to 65535) is not valid')
      .describe('The broker: mqtt, mqtts (TLS), ws or wss'),
    version: z
      .enum(['auto', '5', '3.1.1'], 'must be "auto", "5" or "3.1.1"')
      .default('auto')
      .describe('auto: MQTT 5, or 3.1.1 if the broker does not support it'),
    clientId: z
      .string()
      .min(1)
      .max(200)
      .default('wampway')
      .describe(
        'The client id of this gateway, unique for each gateway. The broker keeps messages for it while the gateway is away',
      ),
    username: z.string().optional(),
    password: z.string().optional().describe('Store it outside of this file: !env NAME or !file PATH'),
    tls: z
      .strictObject({
        ca: pem.optional().describe('The certificate authorities that the broker’s certificate must be signed by'),
        cert: pem.optional().describe('The client certificate of this gateway'),
        key: pem.optional().describe('The private key of the certificate'),
      })
      .superRefine(checkTls)
      .optional()
      .describe('All in PEM, preferably by !file PATH'),
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
      .describe('The filters to subscribe at the broker'),
    keepalive: z.int().min(1).max(65_535).default(30).describe('Seconds'),
    sessionExpiry: z
      .int()
      .min(0)
      .max(4_294_967_295)
      .default(24 * 3600)
      .describe('Seconds for which an MQTT 5 broker keeps messages while the gateway is away'),
    reconnect: z
      .strictObject({
        first: milliseconds.min(10).default(500).describe('Pause before the first retry; doubled for each further one'),
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
        qos0: z.boolean().default(false).describe('Messages of QoS 0 are also queued while the broker is away'),
      })
      .prefault({})
      .describe('The queue for a broker that is away or slow'),
    ...mappingShape,
  })
  .superRefine(checkRules)
  .describe('Another MQTT broker, 3.1.1 or 5');

export type ExternalConfig = z.output<typeof externalConfig>;
