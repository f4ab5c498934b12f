import { z } from 'zod';
import { tlsSchema } from '../../src/gateway/bridge/bridge.ts';

/** The configuration of the cbor-tcp bridge. */
export const cborTcpConfig = z.strictObject({
  host: z
    .string()
    .min(1)
    .default('127.0.0.1')
    .describe('Address to listen on: 127.0.0.1 for this machine only, 0.0.0.0 or :: for every network'),
  port: z.int().min(0).max(65535).default(8082).describe('TCP port; 0 selects any free port'),
  anonymous: z
    .enum(['loopback', 'any', 'none'])
    .default('loopback')
    .describe(
      'From which addresses devices are admitted by name alone: this machine, any address, or none. Principals always have to authenticate',
    ),
  tls: tlsSchema.describe('Accept TLS connections only'),
  maxDevices: z.int().min(1).max(100_000).default(256).describe('Devices that may be connected at the same time'),
  maxMessageSize: z
    .int()
    .min(512)
    .max(2 ** 24)
    .default(64 * 1024)
    .describe('Largest message accepted from a device, in bytes'),
});

export type CborTcpConfig = z.output<typeof cborTcpConfig>;
