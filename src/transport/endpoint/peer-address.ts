import type { Socket } from 'node:net';
import { plainAddress } from '../../base/network/network-of.ts';

/** Where the far end of a socket is. */
export interface PeerAddress {
  /** For people: `127.0.0.1:40312`, `[fe80::1]:40312`, `unix:/run/wampway.sock`. */
  readonly peer: string;
  /** The IP address alone; absent if there is none, or if it is not known. */
  readonly address?: string;
  /** Whether it can only be on this machine. */
  readonly loopback: boolean;
  /** Why the address is not known, and which setting changes that: for refusals that depend on the address. */
  readonly addressHint?: string;
}

/** The far end of a connected socket; `unixPath` where it is a Unix socket, which has no address. */
export function peerAddress(socket: Socket, unixPath?: string): PeerAddress {
  if (unixPath !== undefined) return { peer: `unix:${unixPath}`, loopback: true };
  const { remoteAddress, remotePort } = socket;
  // Gone already: nothing is known of it, so nothing is granted to it.
  if (remoteAddress === undefined) return { peer: 'unknown', loopback: false };
  const address = plainAddress(remoteAddress);
  return { peer: hostAndPort(address, remotePort ?? 0), address, loopback: isLoopback(remoteAddress) };
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
