import { z } from 'zod';
import { byteSize, tlsSchema } from '../../../src/gateway/bridge/bridge.ts';
import { isTopicFilter } from '../broker/sessions/topic-filter.ts';

const MEBIBYTE = 1024 * 1024;
const GIBIBYTE = 1024 * MEBIBYTE;
const DAY = 24 * 60 * 60 * 1000;
/** Packet identifiers are of 16 bits, and each queued message has one of its own. [MQTT-2.3.1-2] */
const MAX_QUEUE = 60_000;

const milliseconds = (min: number) =>
  z.int('must be a whole number of milliseconds').min(min, `must be at least ${min} milliseconds`);
const atLeast = (min: number) => z.int('must be a whole number').min(min, `must be at least ${min}`);

const tls = tlsSchema
  .unwrap()
  .safeExtend({
    host: z.string().min(1).optional().describe('As for the plain listener unless said'),
    port: z.int().min(0).max(65535).default(8883).describe('0 takes any free port'),
  })
  .optional()
  .describe('Listen for MQTT over TLS as well');

const queue = z
  .strictObject({
    maxMessages: atLeast(1).max(MAX_QUEUE).default(10_000),
    maxBytes: byteSize(1024, GIBIBYTE).default(8 * MEBIBYTE),
    maxAge: milliseconds(1000)
      .default(7 * DAY)
      .describe('milliseconds; what a client does not come for in that time is dropped'),
    full: z
      .enum(['drop-oldest', 'drop-newest'], 'must be "drop-oldest" or "drop-newest"')
      .default('drop-oldest')
      .describe('What gives way where there is no room'),
  })
  .prefault({})
  .describe('What may wait for one session at QoS 1 and 2, connected or not');

const retained = z
  .strictObject({
    maxTopics: atLeast(0).default(20_000),
    maxBytes: byteSize(0, GIBIBYTE).default(32 * MEBIBYTE),
  })
  .prefault({})
  .describe('What may be retained; what there is no room for is delivered and not kept');

const filter = z.string().refine(text => isTopicFilter(text, 1000), 'must be an MQTT filter such as "secret/#"');

/** The settings of the embedded broker: each bounds something that clients could let grow. */
export const brokerSchema = {
  tls,
  webSocket: z
    .boolean('must be true or false')
    .default(true)
    .describe('Speak MQTT over WebSocket on the web listeners, as subprotocol mqtt'),
  maxPacketSize: z
    .int('must be a whole number of bytes')
    .min(128, 'must be at least 128 bytes')
    .max(256 * MEBIBYTE, 'must be at most 268435456: MQTT has no larger packets')
    .default(256 * 1024)
    .describe('bytes; a client that sends a larger packet is disconnected'),
  maxClients: atLeast(1).max(100_000).default(1000).describe('Clients that are connected at a time'),
  connectRate: z
    .strictObject({ rate: z.number().positive().default(100), burst: atLeast(1).default(500) })
    .prefault({})
    .describe('Connections a second, and how many at once; others are closed unseen'),
  connectTimeout: milliseconds(100)
    .default(10_000)
    .describe('milliseconds in which a connection must have sent CONNECT'),
  stallTimeout: milliseconds(1000)
    .default(20_000)
    .describe('milliseconds after which a client that takes nothing of what waits for it is disconnected'),
  maxQueuedBytes: z
    .int('must be a whole number of bytes')
    .min(64 * 1024, 'must be at least 65536 bytes')
    .default(8 * MEBIBYTE)
    .describe('bytes that may wait in the connection of a slow subscriber; more at QoS 0 is dropped'),
  maxTopicLevels: atLeast(1).max(1000).default(200),
  maxSubscriptions: atLeast(1).default(1000).describe('Of one client; SUBACK refuses more'),
  maxSubscriptionBytes: byteSize(64 * 1024, GIBIBYTE)
    .default(32 * MEBIBYTE)
    .describe('What the filters of all clients together may take in memory; SUBACK refuses more'),
  inflight: z
    .int('must be a whole number')
    .min(1, 'must be at least 1')
    .max(10_000)
    .default(20)
    .describe('Messages at QoS 1 and 2 that are sent to a client before it has acknowledged the first'),
  queue,
  maxStoredBytes: byteSize(64 * 1024, 64 * GIBIBYTE)
    .default(128 * MEBIBYTE)
    .describe('What all queues together may hold, in memory and, where there is a data folder, on disk'),
  maxSessions: atLeast(0).default(10_000).describe('Sessions that outlive their connections'),
  sessionExpiry: milliseconds(1000)
    .default(7 * DAY)
    .describe('milliseconds after which a session whose client has not come back is forgotten'),
  retained,
  sysInterval: z
    .int('must be a whole number of milliseconds')
    .min(0)
    .default(10_000)
    .describe('milliseconds between two publications of $SYS/broker/…; 0 is never'),
  refuse: z
    .strictObject({ subscribe: z.array(filter).max(1000).default([]) })
    .prefault({})
    .describe(
      'Filters that no client may subscribe: SUBACK refuses them and any filter that matches one of their topics, such as #',
    ),
};
