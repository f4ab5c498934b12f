import { plainAddress } from './address.ts';

/**
 * Whom an IP address stands for when what it does is counted: itself; of IPv6 the network of 64 bits, any address of
 * which one machine may take.
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
 * The same of a peer. All whose address is not known, as a proxy does not say it, count as one. Undefined is a peer that has no
 * address: a Unix socket, or a part of this process.
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
