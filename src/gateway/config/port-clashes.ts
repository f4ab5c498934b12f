import { isIP } from 'node:net';
import { hostAndPort } from '../../base/network/address.ts';
import type { ListeningPlace } from './listening-places.ts';
import type { ConfigPath } from './values/config-problem.ts';

export interface PortClash {
  readonly path: ConfigPath;
  readonly text: string;
}

/** Ports that two sections use. The problem is reported for the later one, because that one would fail to start. */
export function portClashes(places: readonly ListeningPlace[]): PortClash[] {
  return places.flatMap(({ path, host, port, address }, index) => {
    const first = places
      .slice(0, index)
      .find(other => port !== 0 && other.port === port && overlap(other.address, address));
    if (first === undefined) return [];
    return [
      {
        path: [...path, 'port'],
        text: `cannot listen on ${hostAndPort(host, port)}: ${first.name} already uses this port`,
      },
    ];
  });
}

/** Whether two addresses share their ports. `::` includes IPv4. */
function overlap(one: string, other: string): boolean {
  return covers(one, other) || covers(other, one);
}

function covers(a: string, b: string): boolean {
  // A zone selects a network interface. An address without a zone may be on each of them.
  const [plainA, plainB] = [a.replace(/%.*$/, ''), b.replace(/%.*$/, '')];
  const isSame = a === b || ((a === plainA || b === plainB) && plainA === plainB);
  return isSame || a === '::' || (a === '0.0.0.0' && isIP(b) !== 6);
}
