import { canonicalAddress } from '../endpoint/address-ranges.ts';

/** An address of `X-Forwarded-For`: alone, in brackets, or followed by a port. */
const HOP = /^(?:\[([^\]]+)\](?::\d{1,5})?|(\d{1,3}(?:\.\d{1,3}){3})(?::\d{1,5})?|([^[\]]+))$/;

/**
 * The addresses of `X-Forwarded-For`, from the nearest hop to the client. Each proxy adds the address of its peer at
 * the end, so only the entries of trusted proxies can be trusted. Yields undefined for a hop that is not an IP address.
 */
export function* hopsOf(header: string): Generator<string | undefined> {
  let end = header.length;
  while (end >= 0) {
    const comma = header.lastIndexOf(',', end - 1);
    yield addressOf(header.slice(comma + 1, end).trim());
    // `lastIndexOf` treats a negative position as 0, and would find the same comma again.
    end = end === 0 ? -1 : comma;
  }
}

function addressOf(hop: string): string | undefined {
  const [, bracketed, quad, bare] = HOP.exec(hop) ?? [];
  const text = bracketed ?? quad ?? bare;
  if (text === undefined || (bracketed !== undefined && !bracketed.includes(':'))) return undefined;
  return canonicalAddress(text);
}
