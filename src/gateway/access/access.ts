import { AttemptLimiter } from '../../auth/attempts/attempt-limiter.ts';
import type { AuthBackend } from '../../auth/principals/auth-backend.ts';
import { CookieJar } from '../../auth/principals/cookie-jar.ts';
import {
  DeviceAuthenticator,
  type DeviceCredentials,
  type KnownIdentity,
} from '../../auth/principals/device-authenticator.ts';
import { PrincipalAuthenticator } from '../../auth/principals/principal-authenticator.ts';
import { PrincipalDirectory } from '../../auth/principals/principal-directory.ts';
import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';
import type { Link } from '../../link/link.ts';
import { AnonymousAuthenticator } from '../../router/policy/anonymous-authenticator.ts';
import type { AdmissionRequest, Authenticator, AuthStep } from '../../router/policy/authenticator.ts';
import { AddressRanges } from '../../transport/endpoint/address-ranges.ts';
import { ErrorUri } from '../../wamp/errors.ts';
import type { GatewayConfig, RealmConfig } from '../config/config-schema.ts';
import { principalRecords } from '../principals/configured-principals.ts';
import { httpBackend, procedureBackend } from './auth-backends.ts';
import { RealmCaller, type RealmCallerOptions } from './realm-caller.ts';

/** Authenticates the clients and devices of all realms, as the configuration says. */
export class Access implements Authenticator {
  readonly directory: PrincipalDirectory;
  /** Undefined if no realm uses cookies. */
  readonly cookies: CookieJar | undefined;
  readonly #devices: DeviceAuthenticator;
  readonly #realms: ReadonlyMap<string, Authenticator>;
  readonly #withApplication: ReadonlySet<string>;

  /** `attach` gives a link to the router. It is not called before the router exists. */
  constructor(config: GatewayConfig, clock: Clock, log: Logger, attach: (link: Link) => void) {
    const { realms, principals, limits } = config;
    this.directory = new PrincipalDirectory(realms.map(({ name }) => name));
    // If the principals are in a file, `PrincipalWatch` supplies them.
    if (typeof principals !== 'string') this.directory.replace(principalRecords(principals));
    this.cookies = realms.some(({ cookies }) => cookies) ? new CookieJar(clock) : undefined;
    const limiter = new AttemptLimiter(clock, limits.failedLogins);
    this.#devices = new DeviceAuthenticator(this.directory, limiter, clock);
    const shared = { directory: this.directory, limiter, clock };
    this.#withApplication = new Set(realms.flatMap(({ name, authenticator }) => (authenticator ? [name] : [])));
    this.#realms = new Map(
      realms.map(({ name, anonymous, cookies, authenticator }) => [
        name,
        new PrincipalAuthenticator({
          ...shared,
          anonymous: anonymousOf(anonymous),
          cookies: cookies ? this.cookies : undefined,
          backend: authenticator && backendOf(authenticator, { realm: name, clock, log, attach }),
        }),
      ]),
    );
  }

  /** Authenticates a device that does not speak WAMP. */
  identify(realm: string, credentials: DeviceCredentials): Promise<KnownIdentity> {
    return this.#devices.identify(realm, credentials);
  }

  asksApplication(realm: string): boolean {
    return this.#withApplication.has(realm);
  }

  begin(request: AdmissionRequest): AuthStep | Promise<AuthStep> {
    const realm = this.#realms.get(request.realm);
    if (realm !== undefined) return realm.begin(request);
    return { abort: ErrorUri.NoSuchRealm, message: `there is no realm ${request.realm}` };
  }
}

function backendOf(
  config: NonNullable<RealmConfig['authenticator']>,
  options: Omit<RealmCallerOptions, 'timeout'>,
): AuthBackend {
  const { procedure, url = '', timeout } = config;
  if (procedure === undefined) return httpBackend(config, url);
  return procedureBackend(config, procedure, new RealmCaller({ ...options, timeout }));
}

function anonymousOf(anonymous: RealmConfig['anonymous']): AnonymousAuthenticator {
  return new AnonymousAuthenticator({ who: typeof anonymous === 'string' ? anonymous : new AddressRanges(anonymous) });
}
