import { plainAddress } from './address.ts';

/**
 * The key under which an IP address is counted: an IPv4 address itself, or the /64 network of an IPv6 address. One
 * machine can use any address of its /64 network.
 */
export function networkOf(address: string): string {
  const plain = plainAddress(address);
  if (!plain.includes(':')) return plain;
  const [head = '', tail] = (plain.split('%', 1)[0] ?? '').split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - before.length - after.length);
  const groups = [...before, ...Array.from({ length: zeros }, () => '0'), ...after];
  return `${groups.slice(0, 4).join(':')}::/64`;
}

/**
 * The same for a peer. All peers whose address a proxy did not name share the key `unknown`. Undefined for a peer
 * without an address: a Unix socket, or a part of this process.
 */
export function networkOfPeer({
  address,
  addressHint,
}: {
  readonly address?: string | undefined;
  readonly addressHint?: string | undefined;
}): string | undefined {
  if (address !== undefined) return networkOf(address);
  return addressHint === undefined ? undefined : 'unknown';
}
