import type { GatewayConfig } from '../../gateway/config/config-schema.ts';
import type { Gateway, GatewayListener } from '../../gateway/gateway.ts';
import { silencedInWords } from '../../gateway/hosting/silenced-devices.ts';

/**
 * The lines that the gateway prints when it is ready: addresses, who may join, simulated devices, data and configuration,
 * and how to change them. `file` is the configuration file, or undefined for the built-in configuration.
 */
export function banner(gateway: Gateway, file: string | undefined): string[] {
  const { bridges, config, hasPage, listeners, version } = gateway;
  const rows: [label: string, text: string][] = [];
  const web = listeners.filter(({ config }) => config.type === 'web');
  for (const { config, address } of web) {
    if (config.type === 'web' && config.page && hasPage)
      rows.push(['page', `${config.tls === undefined ? 'http' : 'https'}://${reachable(address)}/`]);
  }
  for (const listener of web) rows.push(['WebSocket', webSocketOf(listener)]);
  for (const { config, address } of listeners) {
    if (config.type === 'rawsocket')
      rows.push([
        'RawSocket',
        address.startsWith('unix:') ? address : `${config.tls === undefined ? 'tcp' : 'tcps'}://${address}`,
      ]);
  }
  for (const bridge of bridges) {
    if (bridge.state !== 'running')
      rows.push([bridge.name, 'not running yet; the gateway retries, see the log for the reason']);
    for (const line of bridge.banner) rows.push([bridge.name, line]);
  }
  for (const realm of config.realms)
    rows.push(['who may join', `${realm.name}: ${whoMayJoin(realm, config.principals)}`]);
  for (const silenced of gateway.silenced) {
    for (const [index, line] of silencedInWords(silenced).entries())
      rows.push([index === 0 ? 'permissions' : '', line]);
  }
  const simulated = bridges.flatMap(bridge => bridge.demoBanner);
  for (const line of simulated) rows.push(['simulated', line]);
  if (simulated.length > 0) rows.push(['', 'switch the simulated devices off with --no-demo']);
  rows.push(['data', dataInWords(config.data)]);
  rows.push(['configuration', file ?? 'built in; to change it, copy config/gateway.yaml and start with -c FILE']);
  const width = Math.max(...rows.map(([label]) => label.length));
  return [
    `wampway ${version} is ready; Ctrl-C stops it.`,
    ...rows.map(([label, text]) => `  ${label.padEnd(width)}  ${text}`),
  ];
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
