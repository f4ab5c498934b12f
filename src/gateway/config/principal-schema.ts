import { z } from 'zod';
import { isPublicKey } from '../../auth/methods/cryptosign.ts';
import { isAuthid, MAX_AUTHID } from '../../auth/principals/principal-names.ts';
import { isAddressRange } from '../../transport/endpoint/address-ranges.ts';
import { principalLimits } from './limits-schema.ts';

const secret = z.string().min(1).max(8192);
const base64 = (octets: number) =>
  z.string().refine(text => /^[A-Za-z0-9+/]+={0,2}$/.test(text) && Buffer.from(text, 'base64').length === octets, {
    error: `must be ${octets} bytes in base64`,
  });

/** How a key was derived from a password. */
const craSalt = {
  salt: z.string().min(8).max(256).describe('Sent to the client, which derives the same key'),
  iterations: z.int().min(1).max(10_000_000),
  keylen: z.int().min(16).max(64).default(32),
};

const wampcra = z
  .union([
    z.strictObject({ secret: secret.describe('Shared with the client') }),
    z.strictObject({ password: secret.describe('Password that the key is derived from at the start'), ...craSalt }),
    z.strictObject({ derivedKey: secret.describe('Key that PBKDF2 derived from the password, in base64'), ...craSalt }),
  ])
  .describe('Method wampcra: a shared secret signs the challenge and is never sent');

const scramCost = {
  kdf: z.enum(['pbkdf2', 'argon2id13']).default('pbkdf2'),
  iterations: z.int().min(1).max(10_000_000).default(4096),
  memory: z.int().min(8).max(1_048_576).optional().describe('Kibibytes, for argon2id13'),
};

const scram = z
  .union([
    z.strictObject({ password: secret.describe('Password that the keys are derived from at the start'), ...scramCost }),
    z.strictObject({
      ...scramCost,
      salt: z.string().regex(/^[A-Za-z0-9+/]{11,}={0,2}$/, { error: 'must be at least 8 bytes in base64' }),
      storedKey: base64(32),
      serverKey: base64(32),
    }),
  ])
  .refine(({ kdf, memory }) => (kdf === 'argon2id13') === (memory !== undefined), {
    error: 'must have "memory" with argon2id13, and must not have it with pbkdf2',
  })
  .describe('Method wamp-scram: a password of which only verification keys are stored');

const publicKey = z.string().refine(isPublicKey, { error: 'must be an Ed25519 public key: 64 hexadecimal digits' });

const fingerprint = z
  .string()
  .transform(text => text.replaceAll(':', '').toLowerCase())
  .refine(text => /^[0-9a-f]{64}$/.test(text), { error: 'must be a SHA-256 fingerprint: 64 hexadecimal digits' });

const certificate = z.union([
  z.strictObject({ fingerprint: fingerprint.describe('SHA-256 fingerprint of the certificate') }),
  z.strictObject({
    subject: z.string().min(1).describe('Subject of certificates that tls.clientCa has signed, e.g. CN=pump,O=Home'),
  }),
]);

/** A principal of the configuration. */
export const principalSchema = z.strictObject({
  authid: z
    .string()
    .min(1)
    .max(MAX_AUTHID)
    .refine(isAuthid, { error: 'must be text without control characters' })
    .describe('Name of the principal'),
  role: z.string().min(1).max(256).describe('Role, which determines the permissions'),
  realms: z.array(z.string().min(1)).min(1).optional().describe('Realms that it may join. Default: every realm'),
  ticket: secret
    .optional()
    .describe('Method ticket, MQTT password and HTTP bearer token: plain text, or a hash scrypt$…'),
  wampcra: wampcra.optional(),
  scram: scram.optional(),
  cryptosign: z.array(publicKey).min(1).optional().describe('Method cryptosign: accepted public keys'),
  certificates: z.array(certificate).min(1).optional().describe('Method tls: client certificates'),
  clientIds: z
    .array(z.string().min(1))
    .min(1)
    .optional()
    .describe('MQTT client ids that it may use. Default: any except names and client ids of other principals'),
  addresses: z
    .array(z.string().refine(isAddressRange, { error: 'must be an IP address or a network such as 192.168.0.0/16' }))
    .min(1)
    .optional()
    .describe('Addresses and networks that it may connect from. Default: any'),
  limits: principalLimits,
});

export type PrincipalConfig = z.output<typeof principalSchema>;
/** A principal as it is written, without defaults. */
export type PrincipalInput = z.input<typeof principalSchema>;

/** A list of principals. Two with the same name on the same realm are an error. */
export const principalsSchema = z.array(principalSchema).superRefine((principals, context) => {
  const seen = new Map<string, ReadonlySet<string> | 'every'>();
  for (const [index, { authid, realms }] of principals.entries()) {
    const before = seen.get(authid);
    const twice =
      before === 'every' || (before !== undefined && (realms === undefined || realms.some(name => before.has(name))));
    if (twice)
      context.addIssue({ code: 'custom', path: [index, 'authid'], message: 'is used twice on the same realm' });
    const names = new Set([...(before === undefined || before === 'every' ? [] : before), ...(realms ?? [])]);
    seen.set(authid, realms === undefined || before === 'every' ? 'every' : names);
  }
});
