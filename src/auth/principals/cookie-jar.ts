import { createHash, randomBytes } from 'node:crypto';
import type { Clock } from '../../base/clock.ts';
import { BoundedMap } from '../../base/collections/bounded-map.ts';

/** Milliseconds that a cookie is valid after the last login by another method. */
const LIFETIME = 7 * 24 * 3_600_000;

/** Maximum number of browsers. If there are more, the one whose login is oldest is removed. */
const MAX_BROWSERS = 10_000;

const NAME = 'wampway';
const OCTETS = 24;

/** A principal that has logged in, and the digest of the credentials that it had then. */
export interface RememberedLogin {
  readonly authid: string;
  readonly digest?: string | undefined;
}

/** The logins of one browser, by realm. */
interface Browser {
  readonly until: number;
  readonly logins: Map<string, RememberedLogin>;
}

/**
 * Recognizes browsers that have logged in, each on the realms where it did. Cookies are kept in memory and only as
 * hashes, so a dump of the memory does not reveal a valid cookie.
 */
export class CookieJar {
  readonly #clock: Clock;
  readonly #browsers = new BoundedMap<string, Browser>(MAX_BROWSERS);

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Returns the cookie for a `Cookie` header, and for a new cookie the value of `Set-Cookie`. An unknown cookie is
   * replaced: an attacker may have set it, to share the login that follows (session fixation).
   */
  cookieFor(header: string | undefined, secure: boolean): { readonly cookie: string; readonly setCookie?: string } {
    const received = valueIn(header);
    if (received !== undefined && this.#browser(received) !== undefined) return { cookie: received };
    const cookie = randomBytes(OCTETS).toString('base64url');
    const attributes = ['Path=/', 'HttpOnly', 'SameSite=Strict', `Max-Age=${LIFETIME / 1000}`];
    if (secure) attributes.push('Secure');
    return { cookie, setCookie: `${NAME}=${cookie}; ${attributes.join('; ')}` };
  }

  /** Stores that `cookie` stands for `login` on `realm`. */
  remember(realm: string, cookie: string, { authid, digest }: RememberedLogin): void {
    const logins = this.#browser(cookie)?.logins ?? new Map<string, RememberedLogin>();
    logins.set(realm, { authid, digest });
    const key = keyOf(cookie);
    this.#browsers.set(key, { logins, until: this.#clock.monotonic() + LIFETIME });
  }

  /** The login of `cookie` on `realm`. The caller must compare its digest with the current digest of the principal. */
  find(realm: string, cookie: string): RememberedLogin | undefined {
    return this.#browser(cookie)?.logins.get(realm);
  }

  #browser(cookie: string): Browser | undefined {
    const key = keyOf(cookie);
    const browser = this.#browsers.get(key);
    if (browser === undefined || browser.until > this.#clock.monotonic()) return browser;
    this.#browsers.delete(key);
    return undefined;
  }
}

function keyOf(cookie: string): string {
  return createHash('sha256').update(cookie).digest('base64');
}

function valueIn(header: string | undefined): string | undefined {
  for (const pair of header?.split(';') ?? []) {
    const [name, value = ''] = pair.trim().split('=', 2);
    if (name === NAME && /^[A-Za-z0-9_-]{32}$/.test(value)) return value;
  }
  return undefined;
}
