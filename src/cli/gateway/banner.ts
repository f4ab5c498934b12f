import type { GatewayConfig } from '../../gateway/config/config-schema.ts';
import type { Gateway } from '../../gateway/gateway.ts';
import type { GatewayListener } from '../../gateway/gateway-listeners.ts';
import { silencedInWords } from '../../gateway/hosting/silenced-devices.ts';

/**
 * The lines that the gateway prints when it is ready: addresses, who may join, simulated devices, data and
 * configuration, and how to change them. `file` is the configuration file, or undefined for the built-in configuration.
 */
export function banner(gateway: Gateway, file: string | undefined): string[] {
  const { config, version } = gateway;
  const rows: readonly Row[] = [
    ...listenerRows(gateway),
    ...bridgeRows(gateway),
    ...config.realms.map((realm): Row => ['who may join', `${realm.name}: ${whoMayJoin(realm, config.principals)}`]),
    ...gateway.silenced.flatMap(silenced => labelled('permissions', silencedInWords(silenced))),
    ...simulationRows(gateway),
    ['data', dataInWords(config.data)],
    ['configuration', file ?? 'built in; to change it, copy config/gateway.yaml and start with -c FILE'],
  ];
  const width = Math.max(...rows.map(([label]) => label.length));
  return [
    `wampway ${version} is ready; Ctrl-C stops it.`,
    ...rows.map(([label, text]) => `  ${label.padEnd(width)}  ${text}`),
  ];
}

type Row = readonly [label: string, text: string];

function listenerRows({ hasPage, listeners }: Gateway): Row[] {
  const web = listeners.filter(({ config }) => config.type === 'web');
  return [
    ...(hasPage ? web.flatMap(pageRow) : []),
    ...web.map((listener): Row => ['WebSocket', webSocketOf(listener)]),
    ...listeners.flatMap(rawSocketRow),
  ];
}

function pageRow({ config, address }: GatewayListener): Row[] {
  if (config.type !== 'web' || !config.page) return [];
  return [['page', `${config.tls === undefined ? 'http' : 'https'}://${reachable(address)}/`]];
}

function rawSocketRow({ config, address }: GatewayListener): Row[] {
  if (config.type !== 'rawsocket') return [];
  const url = address.startsWith('unix:') ? address : `${config.tls === undefined ? 'tcp' : 'tcps'}://${address}`;
  return [['RawSocket', url]];
}

function bridgeRows({ bridges }: Gateway): Row[] {
  return bridges.flatMap(({ banner, name, state }) => {
    const lines = banner.map((line): Row => [name, line]);
    if (state === 'running') return lines;
    return [[name, 'not running yet; the gateway retries, see the log for the reason'], ...lines];
  });
}

function simulationRows({ bridges }: Gateway): Row[] {
  const simulated = bridges.flatMap(({ demoBanner }) => demoBanner.map((line): Row => ['simulated', line]));
  return simulated.length === 0 ? [] : [...simulated, ['', 'switch the simulated devices off with --no-demo']];
}

/** Gives the first line the label, and the following lines none. */
function labelled(label: string, lines: readonly string[]): Row[] {
  return lines.map((line, index) => [index === 0 ? label : '', line]);
}

function dataInWords(data: GatewayConfig['data']): string {
  if (data === undefined) {
    return 'in memory: MQTT sessions and retained messages are lost at the end of the process; "data: { path: ./data }" keeps them';
  }
  const { path, sync, syncInterval } = data;
  const when = {
    always: 'before it is acknowledged',
    interval: `within ${syncInterval} ms`,
    never: 'when the operating system decides',
  };
  return `${path}, each write safe from a power cut ${when[sync]}`;
}

type Realm = GatewayConfig['realms'][number];

function whoMayJoin({ name, anonymous, authenticator }: Realm, principals: GatewayConfig['principals']): string {
  const withoutCredentials =
    typeof anonymous === 'string' ? anonymousText[anonymous] : `clients from ${anonymous.join(', ')}`;
  const known = [
    typeof principals === 'string' ? `the principals of ${principals}` : countOf(principals, name),
    authenticator === undefined ? undefined : 'dynamic authenticator',
  ].filter(text => text !== undefined);
  const withCredentials =
    known.length > 0
      ? `; with credentials: ${known.join(', ')}`
      : anonymous === 'loopback'
        ? ', and no other client'
        : '';
  return `${withoutCredentials}${withCredentials} (realms[].anonymous changes it)`;
}

function countOf(principals: Exclude<GatewayConfig['principals'], string>, realm: string): string | undefined {
  const { length } = principals.filter(({ realms }) => realms === undefined || realms.includes(realm));
  return length === 0 ? undefined : `${length} ${length === 1 ? 'principal' : 'principals'}`;
}

const anonymousText = {
  loopback: 'programs on this machine, without credentials',
  any: 'every client that can reach a listener, without credentials',
  none: 'no client without credentials',
} as const;

function webSocketOf({ config, address }: GatewayListener): string {
  if (config.type !== 'web') return address;
  const also = config.rawsocket ? `; RawSocket on the same port` : '';
  const scheme = config.tls === undefined ? 'ws' : 'wss';
  return `${scheme}://${reachable(address)}${config.path}${also}`;
}

/** Replaces the unspecified address (`0.0.0.0` or `::`) by `localhost`, because a browser cannot open it. */
function reachable(address: string): string {
  return address.replace(/^0\.0\.0\.0:/, 'localhost:').replace(/^\[::\]:/, 'localhost:');
}
