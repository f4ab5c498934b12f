import { isLoopback } from '../../base/network/address.ts';
import { ownNames } from './own-names.ts';

/** The properties of a request that decide whether its Origin is allowed. */
export interface OriginRequest {
  /** The `Origin` header: the site of the page. Undefined if the client is not a browser. */
  readonly origin: string | undefined;
  /** The `Host` header: the name under which the client connected. */
  readonly host: string | undefined;
  /** Whether the client is on this machine. */
  readonly loopback: boolean;
  /** Whether the client uses TLS, to this gateway or to its proxy. Undefined: not known. */
  readonly secure?: boolean | undefined;
  /** Whether the certificate that the client received is for a name. */
  readonly certifies?: (name: string) => boolean;
}

export type OriginCheck = (request: OriginRequest) => boolean;

/** The names that a request may address this gateway by, and the pages that may connect. */
export interface AddressedBy {
  /** Origins of other pages, such as `https://home.example`. Their host names count as names of this gateway. */
  readonly origins: readonly string[];
  /** The machine's own names. */
  readonly names: ReadonlySet<string>;
}

/**
 * Returns a check whether a `Host` is a name of this gateway. It accepts IP addresses, `localhost`, listed names, and
 * names in the gateway's certificate. Browsers do not ask DNS for the first two. An attacker can make any other name
 * point to this gateway ("DNS rebinding"). A page of that name would then count as a page of this gateway.
 */
export function hostCheck({ origins, names }: AddressedBy) {
  const listed = new Set([...names, ...origins.flatMap(origin => nameOf(origin) ?? [])]);
  return (host: string | undefined, certifies: (name: string) => boolean = () => false): boolean => {
    if (host === undefined) return true;
    const name = /[\s/?#@\\]/.test(host) ? undefined : nameOf(`http://${host}`);
    if (name === undefined) return false;
    return isAddress(name) || isLocalName(name) || listed.has(name) || certifies(name);
  };
}

/**
 * Returns a check of the `Origin`. It accepts programs (no Origin), pages of this gateway (same host and port, under
 * one of its names), and pages of the listed origins. It accepts pages of this machine if the client is on this
 * machine. Any other page could act with the rights of its viewer.
 */
export function originCheck(origins: readonly string[], names: ReadonlySet<string> = ownNames()): OriginCheck {
  const listed = new Set(origins.map(origin => parse(origin)?.origin ?? origin));
  const isOwnHost = hostCheck({ origins, names });
  return ({ origin, host, loopback, secure, certifies }) => {
    if (origin === undefined || listed.has(origin)) return true;
    const page = parse(origin);
    if (page === undefined) return false;
    if (listed.has(page.origin)) return true;
    if (loopback && isThisMachine(page.hostname)) return true;
    // An attacker on the network can replace a page that is loaded without TLS, even under this gateway's name.
    if (secure === true && page.protocol === 'http:') return false;
    const target = host === undefined ? undefined : parse(`${page.protocol}//${host}`);
    return target !== undefined && target.host === page.host && isOwnHost(host, certifies);
  };
}

/** The check if the configuration lists no origins. */
export const defaultOriginCheck: OriginCheck = originCheck([]);

function parse(text: string): URL | undefined {
  if (!/^https?:\/\//i.test(text) || !URL.canParse(text)) return undefined;
  return new URL(text);
}

/** The host of a URL in lower case, without brackets and without a final dot. */
function nameOf(url: string): string | undefined {
  const parsed = parse(url);
  return parsed === undefined ? undefined : bare(parsed.hostname);
}

function bare(host: string): string {
  return host.replace(/^\[|\]$/g, '').replace(/\.$/, '');
}

function isLocalName(name: string): boolean {
  return name === 'localhost' || name.endsWith('.localhost');
}

function isThisMachine(host: string): boolean {
  const name = bare(host);
  return isLocalName(name) || isLoopback(name);
}

function isAddress(name: string): boolean {
  return name.includes(':') || /^\d{1,3}(\.\d{1,3}){3}$/.test(name);
}
