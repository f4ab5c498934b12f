import { z } from 'zod';
import { defaultAttemptLimits } from '../../auth/attempts/attempt-limiter.ts';
import { queuedBytes } from './outgoing-schema.ts';
import { byteSize } from './values/byte-size.ts';

const maxMessageSize = byteSize(1024, 2 ** 24);
const attempts = z.int().min(1).max(1_000_000);
const maxConnections = z.int().min(1).max(1_000_000);
const milliseconds = z.int().min(100).max(3_600_000);
const perSecond = z.number().min(0.1).max(10_000_000);
const bytesPerSecond = byteSize(1024, 2 ** 32);

/** Without a configured burst, the burst is the amount of one second. */
function withBurst({ rate, burst }: { rate: number; burst?: number | undefined }): { rate: number; burst: number } {
  return { rate, burst: burst ?? Math.max(1, rate) };
}

const connectionLimits = {
  maxConnectionsPerAddress: maxConnections
    .optional()
    .describe('Connections from one address (IPv6: one /64 network) at a time. Default: no limit'),
  maxSessions: maxConnections.optional().describe('Peers with a completed handshake, at a time. Default: no limit'),
  messageRate: z
    .strictObject({
      rate: perSecond.describe('Messages per second'),
      burst: z.number().min(1).max(10_000_000).optional().describe('Messages at once. Default: the rate'),
    })
    .transform(withBurst)
    .optional()
    .describe('Messages from one peer. A peer that sends more is read more slowly. Default: no limit'),
  byteRate: z
    .strictObject({
      rate: bytesPerSecond.describe('Bytes per second'),
      burst: bytesPerSecond.optional().describe('Bytes at once. Default: the rate'),
    })
    .transform(withBurst)
    .optional()
    .describe('Bytes of messages from one peer. A peer that sends more is read more slowly. Default: no limit'),
  helloTimeout: milliseconds
    .optional()
    .describe('Milliseconds from the handshake to a session, including authentication. Default: 10 seconds'),
  handshakeTimeout: milliseconds
    .optional()
    .describe('Milliseconds for the handshake, or for the head of an HTTP request. Default: 10 seconds'),
};

/** Limits of the gateway, and defaults for its listeners. */
export const limitsSchema = z.strictObject({
  maxMessageSize: maxMessageSize.prefault('1 MiB').describe('Maximum size of a message from a peer'),
  maxQueuedBytes: queuedBytes
    .prefault('8 MiB')
    .describe('Bytes in the send queue of one peer, if its listener or role has no value'),
  maxConnections: maxConnections.default(10_000).describe('Connections of one listener at a time'),
  maxUriComponents: z
    .int()
    .min(10)
    .max(1000)
    .default(200)
    .describe(
      'Maximum of components in a topic, procedure or pattern. An MQTT topic has one for each level and one for its prefix',
    ),
  failedLogins: z
    .strictObject({
      perAddress: attempts
        .default(defaultAttemptLimits.perAddress)
        .describe('From one address (IPv6: one /64 network), except this machine'),
      perPrincipal: attempts.default(defaultAttemptLimits.perPrincipal).describe('For one name'),
    })
    .prefault({})
    .describe('Wrong answers before each further one has to wait. The wait doubles each time'),
  ...connectionLimits,
});

/** Limits of one listener. */
export const listenerLimits = z
  .strictObject({
    maxMessageSize: maxMessageSize.optional().describe('Maximum size of a message from a peer'),
    maxConnections: maxConnections.optional().describe('Connections at a time'),
    ...connectionLimits,
  })
  .optional()
  .describe('Limits of this listener. Default: `limits` of the whole configuration');

/** Limits of one principal, or of each principal of a role. */
export const principalLimits = z
  .strictObject({
    sessions: maxConnections.optional().describe('Sessions at a time'),
    subscriptions: z.int().min(0).max(1_000_000).optional().describe('Subscriptions of each session'),
    registrations: z.int().min(0).max(1_000_000).optional().describe('Registrations of each session'),
    messageRate: connectionLimits.messageRate.describe(
      'Messages of all its sessions together. A principal that sends more is slowed down',
    ),
    byteRate: connectionLimits.byteRate,
    maxMessageSize: byteSize(0, 2 ** 24)
      .optional()
      .describe('Maximum bytes of the arguments of one message'),
    retainedTopics: z.int().min(0).max(1_000_000).optional().describe('Topics with a retained event of it'),
  })
  .optional()
  .describe('Limits of a principal. Clients without credentials share them by address (IPv6: /64 network)');

export type PrincipalLimitsConfig = NonNullable<z.output<typeof principalLimits>>;

export type ListenerLimits = z.output<typeof listenerLimits>;
