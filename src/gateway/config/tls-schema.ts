import { z } from 'zod';

const pem = z.string().min(1);

/** TLS on one listener. */
export const tlsSchema = z
  .strictObject({
    cert: pem.describe('File with the certificate in PEM, those it depends on behind it'),
    key: pem.describe('File with its private key in PEM'),
    passphrase: z.string().optional().describe('What the key is encrypted with'),
    minVersion: z.enum(['TLSv1.2', 'TLSv1.3']).default('TLSv1.2').describe('The oldest version spoken'),
  })
  .optional()
  .describe('Speak TLS, and nothing else: https, wss, tcps. File names are relative to the configuration');

export type TlsConfig = NonNullable<z.output<typeof tlsSchema>>;
