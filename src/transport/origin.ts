import { hostname } from 'node:os';
import { isLoopback } from './peer-address.ts';

/** What is known of a WebSocket handshake when its Origin is judged. */
export interface OriginRequest {
  /** The page that the browser says it acts for; undefined where the client is no browser. */
  readonly origin: string | undefined;
  /** Whom the client believes it speaks to. */
  readonly host: string | undefined;
  /** Whether it comes from this machine. */
  readonly loopback: boolean;
}

export type OriginCheck = (request: OriginRequest) => boolean;

/**
 * Lets in programs (no Origin), pages that this gateway served itself (same host and port), and pages from this
 * machine. A page from elsewhere could otherwise act with the rights of whoever looks at it.
 */
export const defaultOriginCheck: OriginCheck = ({ origin, host, loopback }) => {
  if (origin === undefined) return true;
  const page = parse(origin);
  if (page === undefined) return false;
  if (isThisMachine(page.hostname)) return true;
  const target = host === undefined ? undefined : parse(`${page.protocol}//${host}`);
  if (target === undefined || target.host !== page.host) return false;
  // A stranger's name that was made to point here ("DNS rebinding") looks like the same host. From this machine,
  // where rights are widest, only an address or this machine's own name is believed.
  return !loopback || isAddress(page.hostname) || isOwnName(page.hostname);
};

/** The same, and pages of these origins, e.g. `https://home.example`: those behind a reverse proxy. */
export function originCheck(allowed: readonly string[]): OriginCheck {
  const origins = new Set(allowed.map(origin => parse(origin)?.origin ?? origin));
  return request => defaultOriginCheck(request) || (request.origin !== undefined && origins.has(request.origin));
}

function parse(text: string): URL | undefined {
  if (!/^https?:\/\//i.test(text) || !URL.canParse(text)) return undefined;
  return new URL(text);
}

function bare(host: string): string {
  return host.replace(/^\[|\]$/g, '').toLowerCase();
}

function isThisMachine(host: string): boolean {
  const name = bare(host);
  return name === 'localhost' || name.endsWith('.localhost') || isLoopback(name);
}

function isAddress(host: string): boolean {
  return host.startsWith('[') || /^\d{1,3}(\.\d{1,3}){3}$/.test(host);
}

function isOwnName(host: string): boolean {
  const own = hostname().toLowerCase();
  return host === own || host === `${own}.local`;
}
