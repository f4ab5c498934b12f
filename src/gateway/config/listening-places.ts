import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { errorCode } from '../../base/error-code.ts';
import { canonicalAddress } from '../../transport/endpoint/address-ranges.ts';
import type { GatewayConfig } from './config-schema.ts';
import type { MachineProblem } from './machine-problems.ts';
import { type ConfigPath, showPath } from './values/config-problem.ts';
import type { ConfigurableBridge } from './values/configurable-bridge.ts';

/** A section of the configuration that listens on a port. */
export interface ListeningPlace {
  /** The path of the section: `['listeners', 0]`, `['bridges', 'mqtt', 'tls']`. */
  readonly path: ConfigPath;
  /** The name in messages: `listeners[0]`, `bridges.mqtt`. */
  readonly name: string;
  readonly host: string;
  readonly port: number;
  /** The address of the host in canonical form. The host itself if the address is unknown. */
  readonly address: string;
}

/** Milliseconds for the look-up of a name. If it takes longer, the start reports it. */
const PATIENCE = 2000;

/** All sections that listen on ports, and problems with their hosts. */
export async function listeningPlaces(
  config: GatewayConfig,
  bridges: readonly ConfigurableBridge[],
): Promise<{ places: ListeningPlace[]; problems: MachineProblem[] }> {
  const found = await Promise.all(
    named(config, bridges).map(async place => {
      const address = await addressOf(place.host);
      const path = [...place.path, 'host'];
      const problems = typeof address === 'string' ? problemOf(place.host, address, path) : [{ path, ...address }];
      return { place: { ...place, address: typeof address === 'string' ? address : place.host }, problems };
    }),
  );
  return { places: found.map(({ place }) => place), problems: found.flatMap(({ problems }) => problems) };
}

function named(config: GatewayConfig, bridges: readonly ConfigurableBridge[]): Omit<ListeningPlace, 'address'>[] {
  const ofListeners = config.listeners.flatMap(({ host, port, ...rest }, index) =>
    port === undefined || ('unix' in rest && rest.unix !== undefined)
      ? []
      : [{ path: ['listeners', index], name: `listeners[${index}]`, host, port }],
  );
  const ofBridges = bridges.flatMap(({ name, listens }) => {
    const section = config.bridges[name];
    if (section === undefined || section === false) return [];
    return (listens?.(section) ?? []).map(({ host, port, path }) => {
      const at = ['bridges', name, ...path.slice(0, -1)];
      return { path: at, name: showPath(at), host, port };
    });
  });
  return [...ofListeners, ...ofBridges];
}

/** The address that `listen` would use, or the reason why `host` has none. */
async function addressOf(host: string): Promise<string | { text: string }> {
  if (isIP(host) !== 0) return spellingOf(host);
  const over = new AbortController();
  const patience = delay(PATIENCE, host, { signal: over.signal, ref: false }).catch(() => host);
  try {
    return await Promise.race([lookup(host).then(({ address }) => spellingOf(address)), patience]);
  } catch (error) {
    const code = errorCode(error);
    return code === 'EAI_AGAIN'
      ? { text: `the host named ${host} cannot be looked up now: use an address` }
      : { text: `there is no host named ${host}: use an address, or correct the name` };
  } finally {
    over.abort();
  }
}

/**
 * One spelling for each address. IPv6 addresses that differ in their zone (`%eth0`) are different addresses to listen
 * on.
 */
function spellingOf(address: string): string {
  return (address.includes('%') ? undefined : canonicalAddress(address)) ?? address.toLowerCase();
}

function problemOf(host: string, address: string, path: ConfigPath): MachineProblem[] {
  if (isIP(address) === 0 || address.includes('%')) return [];
  if (['0.0.0.0', '::', '::1'].includes(address) || address.startsWith('127.')) return [];
  const own = Object.values(networkInterfaces()).flatMap((infos = []) =>
    infos.map(({ address: one }) => spellingOf(one)),
  );
  if (own.includes(address)) return [];
  return [{ path, text: `${host} is not an address of this machine: use 127.0.0.1, 0.0.0.0 or one that it has` }];
}
