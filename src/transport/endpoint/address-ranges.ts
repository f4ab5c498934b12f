import { BlockList, isIP } from 'node:net';
import type { AddressSet } from '../../base/network/address.ts';

interface Range {
  readonly address: string;
  readonly family: 'ipv4' | 'ipv6';
  /** Bits of the network, at most 32 or 128. */
  readonly prefix: number;
}

/** A set of IP addresses and networks: `192.168.1.20`, `192.168.0.0/16`, `fd00::/8`. */
export class AddressRanges implements AddressSet {
  // One list for each family, because a `BlockList` finds IPv4 addresses in `::/0`.
  readonly #lists = { ipv4: new BlockList(), ipv6: new BlockList() };

  /** Throws `RangeError` if a text is not an IP address or network. */
  constructor(texts: readonly string[]) {
    for (const text of texts) {
      const range = parseRange(text);
      if (range === undefined) throw new RangeError(`${text} is not an IP address or network`);
      this.#lists[range.family].addSubnet(range.address, range.prefix, range.family);
    }
  }

  /** Whether a range contains `address`. False if `address` is not an IP address. */
  has(address: string): boolean {
    const canonical = canonicalAddress(withoutZeros(address));
    if (canonical === undefined) return false;
    const family = familyOf(canonical);
    return this.#lists[family].check(canonical, family);
  }
}

/** Whether `text` is an IP address or a network in CIDR notation. */
export function isAddressRange(text: string): boolean {
  return parseRange(text) !== undefined;
}

/**
 * The canonical form of an IP address: IPv6 in lower case, shortened and without its zone, an IPv4-mapped IPv6 address
 * (`::ffff:a.b.c.d`) as IPv4. Undefined for anything else, and for an IPv4 part with a leading zero, which some
 * programs read as octal.
 */
export function canonicalAddress(text: string): string | undefined {
  const address = text.split('%', 1)[0] ?? '';
  const version = isIP(address);
  if (version === 0) return undefined;
  if (version === 4) return address === text ? address : undefined;
  const canonical = new URL(`http://[${address}]/`).hostname.slice(1, -1);
  // A URL writes the last 32 bits as two groups.
  const mapped = /^::ffff:([0-9a-f]+):([0-9a-f]+)$/.exec(canonical);
  if (mapped === null) return canonical;
  const [high, low] = [Number.parseInt(mapped[1] ?? '', 16), Number.parseInt(mapped[2] ?? '', 16)];
  return [high >> 8, high & 255, low >> 8, low & 255].join('.');
}

function parseRange(text: string): Range | undefined {
  const [head = '', length, more] = text.split('/');
  const address = canonicalAddress(withoutZeros(head));
  if (address === undefined || more !== undefined) return undefined;
  if (length !== undefined && !/^\d{1,3}$/.test(length)) return undefined;
  const family = familyOf(address);
  const bits = family === 'ipv4' ? 32 : 128;
  const prefix = length === undefined ? bits : Number(length);
  return prefix > bits ? undefined : { address, family, prefix };
}

function familyOf(canonical: string): 'ipv4' | 'ipv6' {
  return canonical.includes(':') ? 'ipv6' : 'ipv4';
}

/** Ranges accept decimal IPv4 parts with leading zeros (`010.0.0.1`). `isIP` does not. */
function withoutZeros(text: string): string {
  return text.replace(/(^|[.:])(?:00(?=\d(?:[.%]|$))|0(?=\d{1,2}(?:[.%]|$)))(?=[\d.]*(?:%|$))/g, '$1');
}
