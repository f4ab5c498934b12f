import { z } from 'zod';

const pem = z.string().min(1);

/** TLS on one listener. */
export const tlsSchema = z
  .strictObject({
    cert: pem.describe('File with the certificate in PEM, those it depends on behind it'),
    key: pem.describe('File with its private key in PEM'),
    passphrase: z.string().optional().describe('What the key is encrypted with'),
    clientCertificates: z
      .enum(['request', 'require'])
      .optional()
      .describe(
        'Ask clients for a certificate: request lets in those without too, require only those with one that clientCa has signed',
      ),
    clientCa: pem.optional().describe('File with the authorities, in PEM, that sign client certificates'),
    minVersion: z.enum(['TLSv1.2', 'TLSv1.3']).default('TLSv1.2').describe('The oldest version spoken'),
  })
  .refine(({ clientCertificates, clientCa }) => clientCertificates !== 'require' || clientCa !== undefined, {
    error: 'needs "clientCa" where clientCertificates is require',
  })
  .refine(({ clientCertificates, clientCa }) => clientCertificates !== undefined || clientCa === undefined, {
    error: 'has "clientCa" but does not ask for certificates: say clientCertificates: request or require',
  })
  .optional()
  .describe('Speak TLS, and nothing else: https, wss, tcps. File names are relative to the configuration');

export type TlsConfig = NonNullable<z.output<typeof tlsSchema>>;
