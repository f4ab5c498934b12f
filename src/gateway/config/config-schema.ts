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

const port = z.int().min(0).max(65535).describe('TCP port; 0 takes any that is free');
const host = z
  .string()
  .min(1)
  .default('127.0.0.1')
  .describe('Address to listen on: 127.0.0.1 is this machine only, 0.0.0.0 or :: every network');
const unix = z.string().min(1).describe('Path of a Unix socket, instead of host and port');

const needsPlace = 'needs either "port" or "unix", one of them';
const hasPlace = (listener: { port?: number | undefined; unix?: string | undefined }): boolean =>
  (listener.port === undefined) !== (listener.unix === undefined);

const rawsocketPings = z
  .enum(rawSocketPings)
  .optional()
  .describe(
    'Which RawSocket peers are asked for a sign of life when silent. auto: those that have sent a PING themselves',
  );

const origins = z
  .array(z.string().regex(/^https?:\/\/[^\s/?#]+$/, { error: 'must be an origin such as https://home.example' }))
  .optional()
  .describe(
    'Pages that may connect beside those of this gateway, e.g. behind a reverse proxy; their host names are names of this gateway',
  );

const trustedProxies = z
  .array(
    z
      .string()
      .refine(isAddressRange, { error: 'must be an IP address such as 127.0.0.1, or a network such as 10.0.0.0/8' }),
  )
  .optional()
  .describe(
    'Reverse proxies whose X-Forwarded-For and X-Forwarded-Proto say who a client is. Without it, a request that came through a proxy counts as remote',
  );

const strict = z
  .boolean()
  .default(false)
  .describe('Hold peers to every rule of the protocol, instead of bearing with clients in the wild');

const longpoll = z
  .union([z.literal(false), z.string().regex(/^(\/[\w.~-]+)+$/, { error: 'must be false, or a path such as /lp' })])
  .default('/lp')
  .describe('Path of HTTP long-poll, for clients that cannot open a WebSocket; false is off');

const webListener = z.strictObject({
  type: z.literal('web').describe('HTTP: WebSocket, the page, /healthz; and RawSocket, told apart by its first byte'),
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
    .describe('Folders of pages of your own, by the name they are served under: { my: ./pages } is at /my/'),
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
  level: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info').describe('The least that is logged'),
  format: z
    .enum(['auto', 'pretty-lines', 'json'])
    .default('auto')
    .describe('auto: lines for people on a terminal, JSON elsewhere'),
});

/**
 * The schema of the whole configuration, with the part of each bridge under its name. Gives the types, the checks and
 * the JSON Schema for editors.
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
        .describe('Realms: separate worlds of topics and procedures. Bridges join the first'),
      principals: z
        .union([z.string().min(1), principalsSchema])
        .default([])
        .describe('Who may join by which secret or key, and in which role; or the name of a file that says so'),
      listeners: z
        .array(listener)
        .prefault([
          { type: 'web', port: 8080 },
          { type: 'rawsocket', port: 8081 },
        ])
        .describe('Where peers connect'),
      limits: limitsSchema.prefault({}),
      data: dataSchema,
      demo: z.boolean().optional().describe('Simulated devices behind the bridges that are on. Off unless said'),
      bridges: z
        .strictObject(Object.fromEntries(sections))
        .prefault({})
        .describe('Bridges by name; absent or false is off'),
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

/** A configuration as people write it, defaults left out. */
export type ConfigInput = z.input<Schema>;
/** A configuration that has been checked, defaults filled in. */
export type GatewayConfig = z.output<Schema>;
export type ListenerConfig = GatewayConfig['listeners'][number];
export type RealmConfig = GatewayConfig['realms'][number];

/** The JSON Schema of the configuration, for editors and for finding what may stand where. */
export function configJsonSchema(bridges: readonly ConfigurableBridge[]): Readonly<Record<string, unknown>> {
  const { $schema, ...rest } = z.toJSONSchema(configSchema(bridges), { io: 'input', unrepresentable: 'any' });
  return {
    $schema,
    title: 'wampway configuration',
    ...rest,
  };
}
