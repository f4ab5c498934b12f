import type { Socket } from 'node:net';

/** Where the far end of a socket is. */
export interface PeerAddress {
  /** For people: `127.0.0.1:40312`, `[fe80::1]:40312`, `unix:/run/wampway.sock`. */
  readonly peer: string;
  /** Whether it can only be on this machine. */
  readonly loopback: boolean;
}

/** The far end of a connected socket; `unixPath` where it is a Unix socket, which has no address. */
export function peerAddress(socket: Socket, unixPath?: string): PeerAddress {
  if (unixPath !== undefined) return { peer: `unix:${unixPath}`, loopback: true };
  const { remoteAddress, remotePort } = socket;
  // Gone already: nothing is known of it, so nothing is granted to it.
  if (remoteAddress === undefined) return { peer: 'unknown', loopback: false };
  return { peer: hostAndPort(plainAddress(remoteAddress), remotePort ?? 0), loopback: isLoopback(remoteAddress) };
}

/** Whether an IP address is of this machine alone: 127.0.0.0/8, ::1, and the former written as IPv6. */
export function isLoopback(address: string): boolean {
  const plain = plainAddress(address);
  return plain === '::1' || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(plain);
}

/** `host:port`, with the brackets that an IPv6 address needs. */
export function hostAndPort(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** An IPv4 address is written as such, also where the system wraps it in IPv6. */
function plainAddress(address: string): string {
  return address.toLowerCase().startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address;
}

/**
 * Whom an address stands for when connections are counted: itself; of IPv6 the network of 64 bits, any address of which
 * one machine may take.
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
