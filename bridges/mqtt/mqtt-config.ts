import { z } from 'zod';
import { checkRules, mappingShape } from './mapping-config.ts';

const MEBIBYTE = 1024 * 1024;

/** The `mqtt` part of the configuration. */
export const mqttConfig = z
  .strictObject({
    host: z.string().min(1, 'name an address to listen on, such as 127.0.0.1 or 0.0.0.0').default('127.0.0.1'),
    port: z
      .int('a port is a whole number')
      .min(0, 'a port is a number from 0 to 65535')
      .max(65535, 'a port is a number from 0 to 65535')
      .default(1883)
      .describe('0 takes any free port'),
    ...mappingShape,
    anonymous: z
      .enum(['loopback', 'any', 'none'], 'must be "loopback", "any" or "none"')
      .default('loopback')
      .describe('who may connect without credentials: this machine only, anyone, nobody'),
    presence: z
      .boolean('must be true or false')
      .default(true)
      .describe('Who is connected is retained as presence.{client id} under the prefix'),
    maxPacketSize: z
      .int('must be a whole number of bytes')
      .min(128, 'must be at least 128 bytes')
      .max(256 * MEBIBYTE, 'must be at most 268435456: MQTT has no larger packets')
      .default(256 * 1024)
      .describe('bytes; a client that sends a larger packet is disconnected'),
    maxClients: z.int('must be a whole number').min(1, 'must be at least 1').max(100_000).default(1000),
    maxQueuedBytes: z
      .int('must be a whole number of bytes')
      .min(64 * 1024, 'must be at least 65536 bytes')
      .default(8 * MEBIBYTE)
      .describe('bytes that may wait for a slow subscriber; with more it is disconnected'),
    connectTimeout: z
      .int('must be a whole number of milliseconds')
      .min(100, 'must be at least 100 milliseconds')
      .default(10_000)
      .describe('milliseconds in which a connection must have sent CONNECT'),
  })
  .superRefine(checkRules)
  .describe('The embedded MQTT broker, 3.1 and 3.1.1');

export type MqttConfig = z.output<typeof mqttConfig>;
