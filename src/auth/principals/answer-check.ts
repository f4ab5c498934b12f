import type { Clock } from '../../base/clock.ts';
import { networkOfPeer } from '../../base/network/network-of.ts';
import type { LinkInfo } from '../../link/link.ts';
import type { AdmissionRequest, AuthStep } from '../../router/policy/authenticator.ts';
import { ErrorUri } from '../../wamp/errors.ts';
import type { AuthenticateMessage } from '../../wamp/messages/messages.ts';
import type { AttemptLimiter } from '../attempts/attempt-limiter.ts';
import type { AuthVerdict, Question } from '../methods/credential.ts';
import type { CookieJar } from './cookie-jar.ts';
import type { LoginCandidate } from './login-candidates.ts';
import type { PrincipalDirectory } from './principal-directory.ts';
import { principalOf } from './principal-record.ts';

/** Milliseconds that an answer may wait to be checked. One that would wait longer is rejected. */
const MAX_WAIT = 5_000;

/** Same text for a wrong secret and an unknown authid, so attackers cannot enumerate names. */
export const DENIED: AuthStep = Object.freeze({
  abort: ErrorUri.AuthenticationDenied,
  message: 'these credentials are not valid here',
});

export interface AnswerCheckOptions {
  readonly directory: PrincipalDirectory;
  readonly limiter: AttemptLimiter;
  readonly clock: Clock;
  /** Recognizes browsers by their cookies. Undefined if the realm does not use cookies. */
  readonly cookies?: CookieJar | undefined;
}

/** Checks the answer to a CHALLENGE, and counts it if it is wrong. */
export class AnswerCheck {
  readonly #options: AnswerCheckOptions;

  constructor(options: AnswerCheckOptions) {
    this.#options = options;
  }

  check(
    request: AdmissionRequest,
    candidate: LoginCandidate,
    question: Question,
    message: AuthenticateMessage,
  ): AuthStep | Promise<AuthStep> {
    const { limiter, clock } = this.#options;
    const from = countedAddress(request.link);
    const wait = limiter.reserve(from, candidate.authid, MAX_WAIT);
    if (wait > MAX_WAIT) {
      const seconds = Math.ceil(wait / 1000);
      const text = `too many wrong answers from this address or for this name: try again in ${seconds} s`;
      return { abort: ErrorUri.AuthenticationDenied, message: text };
    }
    const check = (): AuthStep | Promise<AuthStep> => {
      const verdict = question.check(message, wait === 0 ? () => limiter.admitsNow(from, candidate.authid) : undefined);
      if (!(verdict instanceof Promise)) return this.#settle(request, candidate, verdict);
      return verdict.then(settled =>
        settled.unchecked === true
          ? this.check(request, candidate, question, message)
          : this.#settle(request, candidate, settled),
      );
    };
    if (wait === 0) return check();
    return new Promise<void>(resolve => clock.after(wait, resolve)).then(check);
  }

  #settle({ realm, link }: AdmissionRequest, candidate: LoginCandidate, verdict: AuthVerdict): AuthStep {
    const { limiter, cookies, directory } = this.#options;
    const { authid, credential } = candidate;
    const record = verdict.as ?? candidate.record;
    const welcome = record === undefined || !verdict.right ? undefined : principalOf(record, credential.method);
    // The principal may have been removed or changed after CHALLENGE was sent.
    if (record === undefined || welcome === undefined || directory.stillKnows(realm, welcome) === false) {
      limiter.failed(countedAddress(link), authid);
      return DENIED;
    }
    limiter.succeeded(countedAddress(link), authid);
    if (link.cookie !== undefined) cookies?.remember(realm, link.cookie, record);
    return verdict.extra === undefined ? { welcome } : { welcome, extra: verdict.extra };
  }
}

/** The address that attempts are counted for. Undefined for this machine: a local proxy may serve many clients. */
function countedAddress(info: LinkInfo): string | undefined {
  return info.loopback ? undefined : networkOfPeer(info);
}
