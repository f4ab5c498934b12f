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

/** A rate without a burst of its own lets a second's worth come at once. */
function withBurst({ rate, burst }: { rate: number; burst?: number | undefined }): { rate: number; burst: number } {
  return { rate, burst: burst ?? Math.max(1, rate) };
}

const strangers = {
  maxConnectionsPerAddress: maxConnections
    .optional()
    .describe('Connections from one address (of IPv6: one /64 network) at a time. Any number unless said'),
  maxSessions: maxConnections.optional().describe('Peers that have shaken hands, at a time. Any number unless said'),
  messageRate: z
    .strictObject({
      rate: perSecond.describe('Messages a second'),
      burst: z.number().min(1).max(10_000_000).optional().describe('Messages at once. As the rate unless said'),
    })
    .transform(withBurst)
    .optional()
    .describe('Messages from one peer; one that sends more is read more slowly. Any number unless said'),
  byteRate: z
    .strictObject({
      rate: bytesPerSecond.describe('Bytes a second'),
      burst: bytesPerSecond.optional().describe('Bytes at once. As the rate unless said'),
    })
    .transform(withBurst)
    .optional()
    .describe('The same in bytes of messages'),
  helloTimeout: milliseconds
    .optional()
    .describe('Milliseconds from the handshake to a session, authentication included. 10 seconds unless said'),
  handshakeTimeout: milliseconds
    .optional()
    .describe('Milliseconds to shake hands, or to finish the head of an HTTP request. 10 seconds unless said'),
};

/** What every listener grants that says nothing of its own. */
export const limitsSchema = z.strictObject({
  maxMessageSize: maxMessageSize.prefault('1 MiB').describe('Largest message accepted from a peer'),
  maxQueuedBytes: queuedBytes
    .prefault('8 MiB')
    .describe('Bytes that may wait for one peer, where its listener or role does not say'),
  maxConnections: maxConnections.default(10_000).describe('Connections of one listener at a time'),
  maxUriComponents: z
    .int()
    .min(10)
    .max(1000)
    .default(200)
    .describe(
      'Components of a topic, procedure or pattern; of an MQTT topic each level is one, and its prefix another',
    ),
  failedLogins: z
    .strictObject({
      perAddress: attempts
        .default(defaultAttemptLimits.perAddress)
        .describe('From one address, this machine excepted (of IPv6: one /64 network)'),
      perPrincipal: attempts.default(defaultAttemptLimits.perPrincipal).describe('For one name'),
    })
    .prefault({})
    .describe('Wrong answers that may be given before each further one has to wait, longer and longer'),
  ...strangers,
});

/** What one listener grants. */
export const listenerLimits = z
  .strictObject({
    maxMessageSize: maxMessageSize.optional().describe('Largest message accepted from a peer'),
    maxConnections: maxConnections.optional().describe('Connections at a time'),
    ...strangers,
  })
  .optional()
  .describe('Limits of this listener. Where it says nothing, as `limits` of the whole configuration');

/** What one principal may take, or each of a role. */
export const principalLimits = z
  .strictObject({
    sessions: maxConnections.optional().describe('Sessions at a time'),
    subscriptions: z.int().min(0).max(1_000_000).optional().describe('Subscriptions of each session'),
    registrations: z.int().min(0).max(1_000_000).optional().describe('Registrations of each session'),
    messageRate: strangers.messageRate.describe('Messages of all its sessions together; one that sends more is slowed'),
    byteRate: strangers.byteRate,
    maxMessageSize: byteSize(0, 2 ** 24)
      .optional()
      .describe('Bytes that the arguments of one message may take'),
    retainedTopics: z.int().min(0).max(1_000_000).optional().describe('Topics that it may have retained'),
  })
  .optional()
  .describe('What a principal may take; of those without credentials, all from one address (of IPv6: one /64 network)');

export type PrincipalLimitsConfig = NonNullable<z.output<typeof principalLimits>>;

export type ListenerLimits = z.output<typeof listenerLimits>;
