import { createHash, randomBytes } from 'node:crypto';
import type { Clock } from '../../base/clock.ts';

/** Milliseconds that a browser is known again, from its last login by other means. */
const LIFETIME = 7 * 24 * 3_600_000;

/** Browsers that are known. With more, those that logged in longest ago are forgotten. */
const MAX_BROWSERS = 10_000;

const NAME = 'wampway';
const OCTETS = 24;

/** A principal that has logged in, and the digest of the credentials that it had then. */
export interface RememberedLogin {
  readonly authid: string;
  readonly digest?: string | undefined;
}

/** A browser, and the login of each realm. */
interface Browser {
  readonly until: number;
  readonly logins: Map<string, RememberedLogin>;
}

/**
 * Knows browsers again that have logged in, on the realm where they did and no other. Kept in memory, and hashed: what
 * is printed or dumped of it opens nothing.
 */
export class CookieJar {
  readonly #clock: Clock;
  readonly #browsers = new Map<string, Browser>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * The cookie of a browser whose `Cookie` header is this, and where it is a new one the value of `Set-Cookie`. One that
   * it brings and that is not known here is replaced: somebody else may have put it there, to share the login to come.
   */
  cookieFor(header: string | undefined, secure: boolean): { readonly cookie: string; readonly setCookie?: string } {
    const brought = valueIn(header);
    if (brought !== undefined && this.#browser(brought) !== undefined) return { cookie: brought };
    const cookie = randomBytes(OCTETS).toString('base64url');
    const attributes = ['Path=/', 'HttpOnly', 'SameSite=Strict', `Max-Age=${LIFETIME / 1000}`];
    if (secure) attributes.push('Secure');
    return { cookie, setCookie: `${NAME}=${cookie}; ${attributes.join('; ')}` };
  }

  /** From now on, `cookie` stands for `login` on `realm`, as long as its principal has these credentials. */
  remember(realm: string, cookie: string, { authid, digest }: RememberedLogin): void {
    const logins = this.#browser(cookie)?.logins ?? new Map<string, RememberedLogin>();
    logins.set(realm, { authid, digest });
    const key = keyOf(cookie);
    this.#browsers.delete(key);
    this.#browsers.set(key, { logins, until: this.#clock.monotonic() + LIFETIME });
    if (this.#browsers.size <= MAX_BROWSERS) return;
    for (const oldest of this.#browsers.keys()) {
      this.#browsers.delete(oldest);
      return;
    }
  }

  /** The login that `cookie` stands for on `realm`. The caller compares its digest with that of the principal now. */
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
