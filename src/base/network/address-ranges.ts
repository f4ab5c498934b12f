/** An address as a number, and how many bits its kind has. */
interface Address {
  readonly bits: 32 | 128;
  readonly value: bigint;
}

interface Range {
  readonly bits: 32 | 128;
  readonly shift: bigint;
  readonly network: bigint;
}

/** IP addresses and networks, `192.168.1.20`, `192.168.0.0/16`, `fd00::/8`, any of which an address may be in. */
export class AddressRanges {
  readonly #ranges: readonly Range[];

  /** Throws `RangeError` for what is no address or network. */
  constructor(texts: readonly string[]) {
    this.#ranges = texts.map(text => {
      const range = parseRange(text);
      if (range === undefined) throw new RangeError(`${text} is no IP address or network`);
      return range;
    });
  }

  /** Whether `address` is in one of them; what is no address is in none. */
  has(address: string): boolean {
    const parsed = parseAddress(address);
    if (parsed === undefined) return false;
    return this.#ranges.some(({ bits, shift, network }) => bits === parsed.bits && parsed.value >> shift === network);
  }
}

/**
 * An IP address as a socket writes it: IPv6 shortened and without its zone, an IPv4 address that IPv6 wraps as such. Undefined
 * for anything else; a part with a leading zero is octal to some readers, so it is no address.
 */
export function canonicalAddress(text: string): string | undefined {
  const parsed = /(^|\.)0\d/.test(text) ? undefined : parseAddress(text);
  if (parsed === undefined) return undefined;
  const { bits, value } = parsed;
  if (bits === 32) return [24n, 16n, 8n, 0n].map(shift => (value >> shift) & 255n).join('.');
  const groups = Array.from({ length: 8 }, (_, at) => ((value >> BigInt(112 - 16 * at)) & 0xffffn).toString(16));
  return new URL(`http://[${groups.join(':')}]/`).hostname.slice(1, -1);
}

/** Whether `text` is an IP address or a network in CIDR notation. */
export function isAddressRange(text: string): boolean {
  return parseRange(text) !== undefined;
}

function parseRange(text: string): Range | undefined {
  const [head = '', length, more] = text.split('/');
  const address = parseAddress(head);
  if (address === undefined || more !== undefined || (length !== undefined && !/^\d{1,3}$/.test(length)))
    return undefined;
  const prefix = length === undefined ? address.bits : Number(length);
  if (prefix > address.bits) return undefined;
  const shift = BigInt(address.bits - prefix);
  return { bits: address.bits, shift, network: address.value >> shift };
}

function parseAddress(text: string): Address | undefined {
  if (!text.includes(':')) {
    const value = parseQuad(text);
    return value === undefined ? undefined : { bits: 32, value: BigInt(value) };
  }
  const value = parseGroups(text.split('%', 1)[0] ?? '');
  if (value === undefined) return undefined;
  // An IPv4 address in the clothes of IPv6.
  return value >> 32n === 0xffffn ? { bits: 32, value: value & 0xffffffffn } : { bits: 128, value };
}

function parseQuad(text: string): number | undefined {
  if (!/^(\d{1,3})(\.\d{1,3}){3}$/.test(text)) return undefined;
  const octets = text.split('.').map(Number);
  return octets.some(octet => octet > 255) ? undefined : octets.reduce((value, octet) => value * 256 + octet, 0);
}

function parseGroups(text: string): bigint | undefined {
  const quad = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text);
  if (quad !== null) {
    const value = parseQuad(quad[2] ?? '');
    if (value === undefined) return undefined;
    return parseGroups(`${quad[1]}${Math.floor(value / 65536).toString(16)}:${(value % 65536).toString(16)}`);
  }
  const [head = '', tail, more] = text.split('::');
  if (more !== undefined) return undefined;
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const missing = 8 - before.length - after.length;
  if (tail === undefined ? missing !== 0 : missing < 1) return undefined;
  const groups = [...before, ...Array.from({ length: missing }, () => '0'), ...after];
  if (!groups.every(group => /^[0-9a-f]{1,4}$/i.test(group))) return undefined;
  return groups.reduce((value, group) => (value << 16n) | BigInt(`0x${group}`), 0n);
}
