import type { AdmissionRequest, Authenticator, AuthStep } from '../router/admission.ts';
import { AnonymousAuthenticator } from '../router/anonymous-authenticator.ts';
import { ErrorUri } from '../wamp/errors.ts';
import type { RealmConfig } from './config/config-schema.ts';

/** Decides who may join by what the configuration says of the realm. */
export class RealmAuthenticator implements Authenticator {
  readonly #realms: ReadonlyMap<string, Authenticator>;

  constructor(realms: readonly RealmConfig[]) {
    this.#realms = new Map(realms.map(({ name, anonymous }) => [name, new AnonymousAuthenticator({ who: anonymous })]));
  }

  begin(request: AdmissionRequest): AuthStep | Promise<AuthStep> {
    const realm = this.#realms.get(request.realm);
    if (realm !== undefined) return realm.begin(request);
    return { abort: ErrorUri.NoSuchRealm, message: `there is no realm ${request.realm}` };
  }
}
