import type { GatewayConfig } from '../../gateway/config/config-schema.ts';
import type { Gateway, GatewayListener } from '../../gateway/gateway.ts';
import { silencedInWords } from '../../gateway/hosting/silenced-devices.ts';

/**
 * What is said when the gateway is ready: what listens where, who may join, what is simulated, and how each is changed.
 * `file` is the configuration's; undefined where the built-in one runs.
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
    if (bridge.state !== 'running') rows.push([bridge.name, 'does not run yet; it is tried again, the log says why']);
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
    return 'in memory: MQTT sessions and retained messages end with the process; "data: { path: ./data }" keeps them';
  }
  const { path, sync, syncInterval } = data;
  const when = { always: 'once acknowledged', interval: `within ${syncInterval} ms`, never: 'when the system likes' };
  return `${path}, safe from a power cut ${when[sync]}`;
}

type Realm = GatewayConfig['realms'][number];

function whoMayJoin({ name, anonymous, authenticator }: Realm, principals: GatewayConfig['principals']): string {
  const strangers = typeof anonymous === 'string' ? words[anonymous] : `whoever comes from ${anonymous.join(', ')}`;
  const known = [
    typeof principals === 'string' ? `the principals of ${principals}` : countOf(principals, name),
    authenticator === undefined ? undefined : 'whom an application knows',
  ].filter(who => who !== undefined);
  const others =
    known.length > 0 ? `${known.join(' and ')}, with theirs` : anonymous === 'loopback' ? 'nobody else' : '';
  return `${strangers}${others === '' ? '' : `, and ${others}`} (realms[].anonymous changes it)`;
}

function countOf(principals: Exclude<GatewayConfig['principals'], string>, realm: string): string | undefined {
  const { length } = principals.filter(({ realms }) => realms === undefined || realms.includes(realm));
  return length === 0 ? undefined : `${length} ${length === 1 ? 'principal' : 'principals'}`;
}

const words = {
  loopback: 'programs on this machine, without credentials',
  any: 'anybody who can reach a listener, without credentials',
  none: 'nobody without credentials',
} as const;

function webSocketOf({ config, address }: GatewayListener): string {
  if (config.type !== 'web') return address;
  const also = config.rawsocket ? `; RawSocket on the same port` : '';
  const scheme = config.tls === undefined ? 'ws' : 'wss';
  return `${scheme}://${reachable(address)}${config.path}${also}`;
}

/** An address to type into a browser: "every address of this machine" is no such. */
function reachable(address: string): string {
  return address.replace(/^0\.0\.0\.0:/, 'localhost:').replace(/^\[::\]:/, 'localhost:');
}
