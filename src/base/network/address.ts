/** A set of IP addresses. */
export interface AddressSet {
  has(address: string): boolean;
}

/** An IPv4-mapped IPv6 address (`::ffff:a.b.c.d`) as IPv4. Any other address is returned unchanged. */
export function plainAddress(address: string): string {
  return address.toLowerCase().startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address;
}

/** Whether an IP address is of this machine alone: 127.0.0.0/8 (also IPv4-mapped) or ::1. */
export function isLoopback(address: string): boolean {
  const plain = plainAddress(address);
  return plain === '::1' || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(plain);
}

/** `host:port`, with the brackets that an IPv6 address needs. */
export function hostAndPort(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** The address by which this machine connects to a listener on `host`, which may be the address of all interfaces. */
export function reachableHost(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  return host === '::' ? '::1' : host;
}
