import { z } from 'zod';

const pem = z.string().min(1);

/** TLS settings of one listener. */
export const tlsSchema = z
  .strictObject({
    cert: pem.describe('File with the certificate in PEM, followed by its intermediate certificates'),
    key: pem.describe('File with its private key in PEM'),
    passphrase: z.string().optional().describe('Passphrase of the encrypted key'),
    clientCertificates: z
      .enum(['request', 'require'])
      .optional()
      .describe(
        'Ask clients for a certificate. request: a client may have none. require: only clients with a certificate that clientCa has signed',
      ),
    clientCa: pem.optional().describe('File with the authorities that sign client certificates, in PEM'),
    minVersion: z.enum(['TLSv1.2', 'TLSv1.3']).default('TLSv1.2').describe('Oldest accepted version'),
  })
  .refine(({ clientCertificates, clientCa }) => clientCertificates !== 'require' || clientCa !== undefined, {
    error: 'needs "clientCa" because clientCertificates is require',
  })
  .refine(({ clientCertificates, clientCa }) => clientCertificates !== undefined || clientCa === undefined, {
    error: 'has "clientCa" but does not ask for certificates: set clientCertificates to request or require',
  })
  .optional()
  .describe('Accept only TLS: https, wss, tcps. File names are relative to the configuration file');

export type TlsConfig = NonNullable<z.output<typeof tlsSchema>>;
