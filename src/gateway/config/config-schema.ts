import { z } from 'zod';
import { isAddressRange } from '../../transport/endpoint/address-ranges.ts';
import { rawSocketPings } from '../../transport/endpoint/limits.ts';
import { dataSchema } from './data-schema.ts';
import { limitsSchema, listenerLimits } from './limits-schema.ts';
import { unknownRealms } from './load-principals.ts';
import { listenerOutgoing } from './outgoing-schema.ts';
import { principalsSchema } from './principal-schema.ts';
import { realmSchema } from './realm-schema.ts';
import type { ConfigurableBridge } from './values/configurable-bridge.ts';
import { tlsSchema } from './values/tls-schema.ts';

const port = z.int().min(0).max(65535).describe('TCP port. 0: any free port');
const host = z
  .string()
  .min(1)
  .default('127.0.0.1')
  .describe('Address to listen on. 127.0.0.1: this machine only. 0.0.0.0 or ::: all networks');
const unix = z.string().min(1).describe('Path of a Unix socket, in place of host and port');

const needsPlace = 'needs either "port" or "unix"';
const hasPlace = (listener: { port?: number | undefined; unix?: string | undefined }): boolean =>
  (listener.port === undefined) !== (listener.unix === undefined);

const rawsocketPings = z
  .enum(rawSocketPings)
  .optional()
  .describe('Which silent RawSocket peers receive a PING. auto: peers that have sent a PING themselves');

const origins = z
  .array(z.string().regex(/^https?:\/\/[^\s/?#]+$/, { error: 'must be an origin such as https://home.example' }))
  .optional()
  .describe(
    'Origins of pages that may connect, in addition to those of this gateway, e.g. behind a reverse proxy. Their host names are names of this gateway',
  );

const trustedProxies = z
  .array(
    z
      .string()
      .refine(isAddressRange, { error: 'must be an IP address such as 127.0.0.1, or a network such as 10.0.0.0/8' }),
  )
  .optional()
  .describe(
    'Reverse proxies whose headers X-Forwarded-For and X-Forwarded-Proto are trusted. Without it, a request through a proxy counts as remote',
  );

const strict = z
  .boolean()
  .default(false)
  .describe('true: reject every violation of the protocol. false: accept common client mistakes');

const longpoll = z
  .union([z.literal(false), z.string().regex(/^(\/[\w.~-]+)+$/, { error: 'must be false, or a path such as /lp' })])
  .default('/lp')
  .describe('Path of HTTP long-poll, for clients that cannot open a WebSocket. false: off');

const webListener = z.strictObject({
  type: z
    .literal('web')
    .describe('HTTP: WebSocket, the page and /healthz. RawSocket on the same port, detected by its first byte'),
  host,
  port,
  path: z
    .string()
    .regex(/^\/[^\s?#]*$/, { error: 'must be a path such as /ws' })
    .default('/ws')
    .describe('Path of the WebSocket'),
  page: z.boolean().default(true).describe('Serve the page at /'),
  folders: z
    .record(z.string().regex(/^[a-z0-9][a-z0-9_-]*$/, { error: 'must be of a-z, 0-9, - and _' }), z.string().min(1))
    .default({})
    .describe('Folders with your own pages, by name: { my: ./pages } is served at /my/'),
  rawsocket: z.boolean().default(true).describe('Accept RawSocket on the same port'),
  longpoll,
  strict,
  outgoing: listenerOutgoing,
  limits: listenerLimits,
  tls: tlsSchema,
  origins,
  trustedProxies,
  rawsocketPings,
});

const rawSocketListener = z
  .strictObject({
    type: z.literal('rawsocket').describe('WAMP over TCP or a Unix socket'),
    host,
    port: port.optional(),
    unix: unix.optional(),
    strict,
    outgoing: listenerOutgoing,
    limits: listenerLimits,
    tls: tlsSchema,
    rawsocketPings,
  })
  .refine(hasPlace, { error: needsPlace });

const listener = z.discriminatedUnion('type', [webListener, rawSocketListener]);

const log = z.strictObject({
  level: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info').describe('Lowest level that is logged'),
  format: z
    .enum(['auto', 'pretty-lines', 'json'])
    .default('auto')
    .describe('auto: readable lines on a terminal, otherwise JSON'),
});

/**
 * The schema of the whole configuration, with the section of each bridge under its name. Types, checks and the JSON
 * Schema for editors are derived from it.
 */
export function configSchema(bridges: readonly ConfigurableBridge[]) {
  const sections = bridges.map(bridge => [bridge.name, z.union([z.literal(false), bridge.schema]).optional()] as const);
  return z
    .strictObject({
      version: z.literal(1).default(1).describe('Version of this format'),
      log: log.prefault({}),
      realms: z
        .array(realmSchema)
        .min(1)
        .refine(realms => new Set(realms.map(({ name }) => name)).size === realms.length, {
          error: 'has two realms of the same name',
        })
        .prefault([{ name: 'realm1' }])
        .describe('Realms: separate namespaces of topics and procedures. Bridges join the first one'),
      principals: z
        .union([z.string().min(1), principalsSchema])
        .default([])
        .describe('Principals with their credentials and roles, or the name of a file with them'),
      listeners: z
        .array(listener)
        .prefault([
          { type: 'web', port: 8080 },
          { type: 'rawsocket', port: 8081 },
        ])
        .describe('Listeners for peers'),
      limits: limitsSchema.prefault({}),
      data: dataSchema,
      demo: z.boolean().optional().describe('Simulated devices for the enabled bridges. Default: off'),
      bridges: z
        .strictObject(Object.fromEntries(sections))
        .prefault({})
        .describe('Bridges by name. Absent or false: off'),
    })
    .superRefine(({ realms, principals }, context) => {
      if (typeof principals === 'string') return;
      const names = realms.map(({ name }) => name);
      for (const { path, message } of unknownRealms(principals, names)) {
        context.addIssue({ code: 'custom', path: ['principals', ...path], message });
      }
    });
}

type Schema = ReturnType<typeof configSchema>;

/** A configuration as it is written, without defaults. */
export type ConfigInput = z.input<Schema>;
/** A checked configuration with all defaults. */
export type GatewayConfig = z.output<Schema>;
export type ListenerConfig = GatewayConfig['listeners'][number];
export type RealmConfig = GatewayConfig['realms'][number];

/** The JSON Schema of the configuration, for editors and for error messages. */
export function configJsonSchema(bridges: readonly ConfigurableBridge[]): Readonly<Record<string, unknown>> {
  const { $schema, ...rest } = z.toJSONSchema(configSchema(bridges), { io: 'input', unrepresentable: 'any' });
  return {
    $schema,
    title: 'wampway configuration',
    ...rest,
  };
}
