import { isIP } from 'node:net';

/** One spelling for each IP address, and IPv4 in IPv6 as IPv4. What is no address, or names a zone, stays as it is. */
export function canonicalAddress(text: string): string {
  const address = text.toLowerCase();
  if (isIP(address) !== 6 || address.includes('%')) return address;
  const canonical = new URL(`http://[${address}]/`).hostname.slice(1, -1);
  const mapped = /^::ffff:([0-9a-f]+):([0-9a-f]+)$/.exec(canonical);
  if (mapped === null) return canonical;
  const [high, low] = [Number.parseInt(mapped[1] ?? '', 16), Number.parseInt(mapped[2] ?? '', 16)];
  return [high >> 8, high & 255, low >> 8, low & 255].join('.');
}
