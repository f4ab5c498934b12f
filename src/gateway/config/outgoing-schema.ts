import { z } from 'zod';
import { defaultOutgoing, slowPolicies } from '../../link/outgoing-policy.ts';
import { byteSize } from './values/byte-size.ts';

const slowPolicy = z
  .enum(slowPolicies)
  .describe(
    'What gives way for a peer that reads too slowly: its connection, its oldest events, or of each topic all events but the newest; answers never do',
  );
const queuedMessages = z.int().min(1).max(10_000_000).describe('Messages that may wait for one peer');

export const queuedBytes = byteSize(64 * 1024, 2 ** 30);

/** What may wait for a peer of one listener. */
export const listenerOutgoing = z
  .strictObject({
    policy: slowPolicy.default(defaultOutgoing.policy),
    maxBytes: queuedBytes.optional().describe('Bytes that may wait for one peer. As limits.maxQueuedBytes unless said'),
    maxMessages: queuedMessages.default(defaultOutgoing.maxMessages),
  })
  .prefault({})
  .describe('What may wait for a peer that reads too slowly');

/** What may wait for a session of one role; the rest is as its listener has it. */
export const roleOutgoing = z
  .strictObject({
    policy: slowPolicy.optional(),
    maxBytes: queuedBytes.optional().describe('Bytes that may wait for one peer'),
    maxMessages: queuedMessages.optional(),
  })
  .describe('What may wait for a session of this role, where that differs from its listener');

/** What is said of an outgoing queue, in part. */
export type OutgoingConfig = z.output<typeof roleOutgoing>;
