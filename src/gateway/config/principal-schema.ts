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
  salt: z.string().min(8).max(256).describe('Told to the client, which derives the same key'),
  iterations: z.int().min(1).max(10_000_000),
  keylen: z.int().min(16).max(64).default(32),
};

const wampcra = z
  .union([
    z.strictObject({ secret: secret.describe('Shared with the client') }),
    z.strictObject({ password: secret.describe('The key is derived from it at the start'), ...craSalt }),
    z.strictObject({ derivedKey: secret.describe('In base64: what PBKDF2 made of the password'), ...craSalt }),
  ])
  .describe('Method wampcra: a secret that signs a challenge and is never sent');

const scramCost = {
  kdf: z.enum(['pbkdf2', 'argon2id13']).default('pbkdf2'),
  iterations: z.int().min(1).max(10_000_000).default(4096),
  memory: z.int().min(8).max(1_048_576).optional().describe('Kibibytes, for argon2id13'),
};

const scram = z
  .union([
    z.strictObject({ password: secret.describe('The keys are derived from it at the start'), ...scramCost }),
    z.strictObject({
      ...scramCost,
      salt: z.string().regex(/^[A-Za-z0-9+/]{11,}={0,2}$/, { error: 'must be at least 8 bytes in base64' }),
      storedKey: base64(32),
      serverKey: base64(32),
    }),
  ])
  .refine(({ kdf, memory }) => (kdf === 'argon2id13') === (memory !== undefined), {
    error: 'needs "memory" with argon2id13, and has none with pbkdf2',
  })
  .describe('Method wamp-scram: a password of which only what checks it is stored');

const publicKey = z.string().refine(isPublicKey, { error: 'must be an Ed25519 public key: 64 hexadecimal digits' });

const fingerprint = z
  .string()
  .transform(text => text.replaceAll(':', '').toLowerCase())
  .refine(text => /^[0-9a-f]{64}$/.test(text), { error: 'must be a SHA-256 fingerprint: 64 hexadecimal digits' });

const certificate = z.union([
  z.strictObject({ fingerprint: fingerprint.describe('SHA-256 of the very certificate') }),
  z.strictObject({
    subject: z.string().min(1).describe('CN=pump,O=Home: of any certificate that tls.clientCa has signed'),
  }),
]);

/** Somebody who may come in. */
export const principalSchema = z.strictObject({
  authid: z
    .string()
    .min(1)
    .max(MAX_AUTHID)
    .refine(isAuthid, { error: 'must be text without control characters' })
    .describe('Its name'),
  role: z.string().min(1).max(256).describe('What it may do is said of roles'),
  realms: z.array(z.string().min(1)).min(1).optional().describe('The realms that it may join; every one unless said'),
  ticket: secret
    .optional()
    .describe('Method ticket, MQTT passwords, HTTP bearer tokens: as it is, or hashed as scrypt$…'),
  wampcra: wampcra.optional(),
  scram: scram.optional(),
  cryptosign: z.array(publicKey).min(1).optional().describe('Method cryptosign: public keys, any of which lets in'),
  certificates: z.array(certificate).min(1).optional().describe('Method tls: client certificates'),
  clientIds: z
    .array(z.string().min(1))
    .min(1)
    .optional()
    .describe('MQTT client ids that it may use; unless said, any but the names and client ids of other principals'),
  addresses: z
    .array(z.string().refine(isAddressRange, { error: 'must be an IP address or a network such as 192.168.0.0/16' }))
    .min(1)
    .optional()
    .describe('Where it may come from; anywhere unless said'),
  limits: principalLimits,
});

export type PrincipalConfig = z.output<typeof principalSchema>;
/** As it is written, defaults left out. */
export type PrincipalInput = z.input<typeof principalSchema>;

/** Who has which name on which realm: two of one name on one realm are a mistake. */
export const principalsSchema = z.array(principalSchema).superRefine((principals, context) => {
  const seen = new Map<string, ReadonlySet<string> | 'every'>();
  for (const [index, { authid, realms }] of principals.entries()) {
    const before = seen.get(authid);
    const twice =
      before === 'every' || (before !== undefined && (realms === undefined || realms.some(name => before.has(name))));
    if (twice)
      context.addIssue({ code: 'custom', path: [index, 'authid'], message: 'is there twice for the same realm' });
    const names = new Set([...(before === undefined || before === 'every' ? [] : before), ...(realms ?? [])]);
    seen.set(authid, realms === undefined || before === 'every' ? 'every' : names);
  }
});
