import { isLoopback } from '../../base/network/address.ts';
import { ownNames } from './own-names.ts';

/** What is known of a request when its Origin is judged. */
export interface OriginRequest {
  /** The page that the browser says it acts for; undefined if the client is no browser. */
  readonly origin: string | undefined;
  /** Whom the client believes it speaks to. */
  readonly host: string | undefined;
  /** Whether the client is on this machine. */
  readonly loopback: boolean;
  /** Whether the client speaks TLS, to this gateway or to its proxy. Undefined: not known. */
  readonly secure?: boolean | undefined;
  /** Whether the certificate that the client has seen is for a name. */
  readonly certifies?: (name: string) => boolean;
}

export type OriginCheck = (request: OriginRequest) => boolean;

/** The names that a request may address this gateway by, and the pages that may connect. */
export interface AddressedBy {
  /** Origins of other pages, `https://home.example`; their host names are names of this gateway, too. */
  readonly origins: readonly string[];
  /** The machine's own names. */
  readonly names: ReadonlySet<string>;
}

/**
 * Whether a `Host` is one of this gateway: an IP address, which no DNS makes point elsewhere; `localhost`, which no DNS is
 * asked for; a name of the list; or one that the gateway's certificate is for. Any other name may have been made to point
 * here ("DNS rebinding"), so that a page of that name passes for a page of this gateway.
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
 * Lets in programs (no Origin), pages that this gateway has served itself (same host and port, by one of its names), pages of
 * the listed origins, and pages of this machine if the client is on it. Any other page could act with the rights of its viewer.
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
    // A page without TLS is anybody's who sits on the wire, also if the gateway has the same name.
    if (secure === true && page.protocol === 'http:') return false;
    const target = host === undefined ? undefined : parse(`${page.protocol}//${host}`);
    return target !== undefined && target.host === page.host && isOwnHost(host, certifies);
  };
}

/** What holds if the configuration lists no origins. */
export const defaultOriginCheck: OriginCheck = originCheck([]);

function parse(text: string): URL | undefined {
  if (!/^https?:\/\//i.test(text) || !URL.canParse(text)) return undefined;
  return new URL(text);
}

/** The host of a URL in lower case, without brackets and the dot at the end. */
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
