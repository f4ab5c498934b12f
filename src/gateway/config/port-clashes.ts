import { isIP } from 'node:net';
import type { ConfigPath } from './config-problem.ts';

/** Something of the configuration that listens. */
export interface ListeningPlace {
  /** Where it is said: `['listeners', 0, 'port']`. */
  readonly path: ConfigPath;
  /** How others call it: `listeners[0]`, `bridges.mqtt`. */
  readonly name: string;
  readonly host: string;
  readonly port: number;
}

export interface PortClash {
  readonly path: ConfigPath;
  readonly message: string;
}

/** Ports that two places want: the later one is told, as it is the one that would not start. */
export function portClashes(places: readonly ListeningPlace[]): PortClash[] {
  return places.flatMap(({ path, host, port }, index) => {
    const first = places.slice(0, index).find(other => port !== 0 && other.port === port && overlap(other.host, host));
    if (first === undefined) return [];
    const where = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
    return [{ path, message: `cannot listen on ${where}: ${first.name} has this port already` }];
  });
}

/** Whether a port of one host is one of the other too. `::` takes those of IPv4 as well. */
function overlap(one: string, other: string): boolean {
  return addressesOf(one).some(a => addressesOf(other).some(b => covers(a, b) || covers(b, a)));
}

function covers(a: string, b: string): boolean {
  return a === b || a === '::' || (a === '0.0.0.0' && isIP(b) !== 6);
}

function addressesOf(host: string): readonly string[] {
  const name = host.toLowerCase();
  if (name === 'localhost') return ['127.0.0.1', '::1'];
  if (isIP(name) !== 6 || name.includes('%')) return [name];
  // One spelling for each address, and IPv4 in IPv6 as IPv4.
  const canonical = new URL(`http://[${name}]/`).hostname.slice(1, -1);
  const mapped = /^::ffff:([0-9a-f]+):([0-9a-f]+)$/.exec(canonical);
  if (mapped === null) return [canonical];
  const [high, low] = [Number.parseInt(mapped[1] ?? '', 16), Number.parseInt(mapped[2] ?? '', 16)];
  return [[high >> 8, high & 255, low >> 8, low & 255].join('.')];
}
