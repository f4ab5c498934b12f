import { isIP } from 'node:net';
import { hostAndPort } from '../../base/network/address.ts';
import type { ListeningPlace } from './listening-places.ts';
import type { ConfigPath } from './values/config-problem.ts';

export interface PortClash {
  readonly path: ConfigPath;
  readonly text: string;
}

/** Ports that two places want: the later one is told, as it is the one that would not start. */
export function portClashes(places: readonly ListeningPlace[]): PortClash[] {
  return places.flatMap(({ path, host, port, address }, index) => {
    const first = places
      .slice(0, index)
      .find(other => port !== 0 && other.port === port && overlap(other.address, address));
    if (first === undefined) return [];
    return [
      {
        path: [...path, 'port'],
        text: `cannot listen on ${hostAndPort(host, port)}: ${first.name} has this port already`,
      },
    ];
  });
}

/** Whether a port of one address is one of the other too. `::` takes those of IPv4 as well. */
function overlap(one: string, other: string): boolean {
  return covers(one, other) || covers(other, one);
}

function covers(a: string, b: string): boolean {
  // A zone says which network an address is of; without one, it may be of each.
  const [plainA, plainB] = [a.replace(/%.*$/, ''), b.replace(/%.*$/, '')];
  const isSame = a === b || ((a === plainA || b === plainB) && plainA === plainB);
  return isSame || a === '::' || (a === '0.0.0.0' && isIP(b) !== 6);
}
