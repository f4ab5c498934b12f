import { z } from 'zod';
import { defaultOutgoing, slowPolicies } from '../../link/outgoing-policy.ts';
import { byteSize } from './values/byte-size.ts';

const slowPolicy = z
  .enum(slowPolicies)
  .describe(
    'Policy when the send queue of a peer is full. disconnect: close the connection. drop-oldest: drop its oldest events. latest-per-topic: drop all events except the newest of each topic. Answers are never dropped',
  );
const queuedMessages = z.int().min(1).max(10_000_000).describe('Messages in the send queue of one peer');

export const queuedBytes = byteSize(64 * 1024, 2 ** 30);

/** The send queue of a peer of one listener. */
export const listenerOutgoing = z
  .strictObject({
    policy: slowPolicy.default(defaultOutgoing.policy),
    maxBytes: queuedBytes.optional().describe('Bytes in the send queue of one peer. Default: limits.maxQueuedBytes'),
    maxMessages: queuedMessages.default(defaultOutgoing.maxMessages),
  })
  .prefault({})
  .describe('Send queue of a peer that reads too slowly');

/** The send queue of a session of one role. Other settings are those of its listener. */
export const roleOutgoing = z
  .strictObject({
    policy: slowPolicy.optional(),
    maxBytes: queuedBytes.optional().describe('Bytes in the send queue of one peer'),
    maxMessages: queuedMessages.optional(),
  })
  .describe('Send queue of a session of this role, if it differs from the listener');

/** Settings of a send queue. All are optional. */
export type OutgoingConfig = z.output<typeof roleOutgoing>;
