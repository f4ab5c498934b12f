import { z } from 'zod';
import { byteSize, tlsSchema } from '../../../src/gateway/bridge/bridge.ts';
import { isTopicFilter } from '../broker/sessions/topic-filter.ts';

const MEBIBYTE = 1024 * 1024;
const GIBIBYTE = 1024 * MEBIBYTE;
const DAY = 24 * 60 * 60 * 1000;
/** Packet identifiers have 16 bits, and each queued message has its own. [MQTT-2.3.1-2] */
const MAX_QUEUE = 60_000;

const milliseconds = (min: number) =>
  z.int('must be a whole number of milliseconds').min(min, `must be at least ${min} milliseconds`);
const atLeast = (min: number) => z.int('must be a whole number').min(min, `must be at least ${min}`);

const tls = tlsSchema
  .unwrap()
  .safeExtend({
    host: z.string().min(1).optional().describe('Default: the host of the listener without TLS'),
    port: z.int().min(0).max(65535).default(8883).describe('0 takes any free port'),
  })
  .optional()
  .describe('Also listens for MQTT over TLS');

const queue = z
  .strictObject({
    maxMessages: atLeast(1).max(MAX_QUEUE).default(10_000),
    maxBytes: byteSize(1024, GIBIBYTE).default(8 * MEBIBYTE),
    maxAge: milliseconds(1000)
      .default(7 * DAY)
      .describe('milliseconds after which a message that was not sent is dropped'),
    full: z
      .enum(['drop-oldest', 'drop-newest'], 'must be "drop-oldest" or "drop-newest"')
      .default('drop-oldest')
      .describe('Which message is dropped if the queue is full'),
  })
  .prefault({})
  .describe('Limits of the queue of one session at QoS 1 and 2, connected or not');

const retained = z
  .strictObject({
    maxTopics: atLeast(0).default(20_000),
    maxBytes: byteSize(0, GIBIBYTE).default(32 * MEBIBYTE),
  })
  .prefault({})
  .describe('Limits of retained messages; a message above them is delivered and not retained');

const filter = z.string().refine(text => isTopicFilter(text, 1000), 'must be an MQTT filter such as "secret/#"');

/** The settings of the embedded broker. Each one limits a resource that clients can use. */
export const brokerSchema = {
  tls,
  webSocket: z
    .boolean('must be true or false')
    .default(true)
    .describe('Accepts MQTT over WebSocket on the web listeners, as subprotocol mqtt'),
  maxPacketSize: z
    .int('must be a whole number of bytes')
    .min(128, 'must be at least 128 bytes')
    .max(256 * MEBIBYTE, 'must be at most 268435456: the largest packet of MQTT')
    .default(256 * 1024)
    .describe('bytes; a client that sends a larger packet is disconnected'),
  maxClients: atLeast(1).max(100_000).default(1000).describe('Limit of connected clients'),
  connectRate: z
    .strictObject({ rate: z.number().positive().default(100), burst: atLeast(1).default(500) })
    .prefault({})
    .describe('Limit of new connections a second, and of those at once; others are closed'),
  connectTimeout: milliseconds(100).default(10_000).describe('milliseconds in which a connection has to send CONNECT'),
  stallTimeout: milliseconds(1000)
    .default(20_000)
    .describe('milliseconds after which a client that accepts no data is disconnected'),
  maxQueuedBytes: z
    .int('must be a whole number of bytes')
    .min(64 * 1024, 'must be at least 65536 bytes')
    .default(8 * MEBIBYTE)
    .describe('bytes in the send buffer of a slow subscriber; further messages at QoS 0 are dropped'),
  maxTopicLevels: atLeast(1).max(1000).default(200),
  maxSubscriptions: atLeast(1).default(1000).describe('Limit of subscriptions of one client; SUBACK refuses more'),
  maxSubscriptionBytes: byteSize(64 * 1024, GIBIBYTE)
    .default(32 * MEBIBYTE)
    .describe('Memory of the filters of all clients; SUBACK refuses more'),
  inflight: z
    .int('must be a whole number')
    .min(1, 'must be at least 1')
    .max(10_000)
    .default(20)
    .describe('Messages at QoS 1 and 2 that may be sent to a client and not acknowledged'),
  queue,
  maxStoredBytes: byteSize(64 * 1024, 64 * GIBIBYTE)
    .default(128 * MEBIBYTE)
    .describe('Limit of all queues together, in memory and, if there is a data folder, on disk'),
  maxSessions: atLeast(0).default(10_000).describe('Limit of sessions that outlive their connections'),
  sessionExpiry: milliseconds(1000)
    .default(7 * DAY)
    .describe('milliseconds after which the session of a disconnected client is deleted'),
  retained,
  sysInterval: z
    .int('must be a whole number of milliseconds')
    .min(0)
    .default(10_000)
    .describe('milliseconds between two publications of $SYS/broker/…; 0 disables them'),
  refuse: z
    .strictObject({ subscribe: z.array(filter).max(1000).default([]) })
    .prefault({})
    .describe(
      'Filters that no client may subscribe. SUBACK also refuses every filter that matches one of their topics, such as #',
    ),
};
