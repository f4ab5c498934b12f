import type { AdmissionRequest, Authenticator, AuthStep } from '../../router/policy/authenticator.ts';
import { type Dict, EMPTY_DICT } from '../../wamp/dict.ts';
import { ErrorUri } from '../../wamp/errors.ts';
import { MessageType } from '../../wamp/messages/message-type.ts';
import { type Attempt, challengeMethods } from '../methods/credential.ts';
import { AnswerCheck, type AnswerCheckOptions, DENIED } from './answer-check.ts';
import type { AuthBackend } from './auth-backend.ts';
import { authextraOf, httpCredentials, methodsIn } from './hello-credentials.ts';
import { type LoginCandidate, LoginCandidates } from './login-candidates.ts';
import { helloName, isAuthid } from './principal-names.ts';
import { mayComeFrom, type PrincipalRecord, principalOf } from './principal-record.ts';

export interface PrincipalAuthenticatorOptions extends AnswerCheckOptions {
  /** Decides about clients without credentials. */
  readonly anonymous: Authenticator;
  /** An application that is asked about principals that the directory does not have. */
  readonly backend?: AuthBackend | undefined;
}

/**
 * Authenticates the principals of one realm by the first method in HELLO.Details.authmethods that is possible.
 * [advanced/authentication]
 */
export class PrincipalAuthenticator implements Authenticator {
  readonly #options: PrincipalAuthenticatorOptions;
  readonly #candidates: LoginCandidates;
  readonly #answers: AnswerCheck;

  constructor(options: PrincipalAuthenticatorOptions) {
    this.#options = options;
    this.#candidates = new LoginCandidates(options.directory, options.backend);
    this.#answers = new AnswerCheck(options);
  }

  begin(request: AdmissionRequest): AuthStep | Promise<AuthStep> {
    const { realm, details } = request;
    const offered = methodsIn(request);
    const name = helloName(details);
    if (name !== undefined && !isAuthid(name)) {
      return {
        abort: ErrorUri.InvalidArgument,
        message: 'HELLO.Details.authid must be text without control characters',
      };
    }
    let refusal: AuthStep | undefined;
    for (const method of offered) {
      const step = this.#withoutChallenge(request, method);
      if (step instanceof Promise || (step !== undefined && 'welcome' in step)) return step;
      refusal ??= step;
    }
    const candidate = this.#candidates.find(request, offered);
    const asked = candidate?.record === undefined ? this.#candidates.ask(request, offered) : undefined;
    if (asked !== undefined) return asked.then(found => this.#ask(request, found));
    if (candidate !== undefined) return this.#ask(request, candidate);
    return refusal ?? this.#noMethod(realm, details, offered);
  }

  /**
   * Admits or rejects by a method without CHALLENGE. Undefined if `method` is another one, or not used on the realm.
   */
  #withoutChallenge(request: AdmissionRequest, method: string): AuthStep | Promise<AuthStep> | undefined {
    const { anonymous, directory, cookies } = this.#options;
    if (method === 'anonymous') return anonymous.begin(request);
    if (method === 'tls') {
      const record = this.#byCertificate(request);
      if (record !== undefined) return { welcome: principalOf(record, method) };
      return directory.uses(request.realm, 'tls') ? DENIED : undefined;
    }
    if (method === 'cookie') {
      const record = this.#byCookie(request);
      if (record !== undefined) return { welcome: principalOf(record, method) };
      return cookies === undefined ? undefined : DENIED;
    }
    return undefined;
  }

  /** The principal of the client certificate. */
  #byCertificate({ realm, details, link }: AdmissionRequest): PrincipalRecord | undefined {
    if (link.certificate === undefined) return undefined;
    const record = this.#options.directory.findByCertificate(realm, link.certificate);
    const authid = helloName(details);
    return record !== undefined && (authid === undefined || authid === record.authid) && mayComeFrom(record, link)
      ? record
      : undefined;
  }

  /** The principal that logged in on this realm from this browser before. */
  #byCookie({ realm, details, link }: AdmissionRequest): PrincipalRecord | undefined {
    const { cookies, directory } = this.#options;
    const known = link.cookie === undefined ? undefined : cookies?.find(realm, link.cookie);
    if (known === undefined || (helloName(details) ?? known.authid) !== known.authid) return undefined;
    const record = directory.find(realm, known.authid);
    // A login with an old password is no longer valid.
    if (record === undefined || record.digest !== known.digest) return undefined;
    return mayComeFrom(record, link) ? record : undefined;
  }

  #ask(request: AdmissionRequest, candidate: LoginCandidate): AuthStep | Promise<AuthStep> {
    const extra = authextraOf(request.details);
    const { authid, authrole, credential, record } = candidate;
    const authprovider = record?.authprovider ?? 'static';
    const attempt: Attempt = { request, authid, authrole, authprovider, extra, now: this.#options.clock.now() };
    const question = credential.question(attempt);
    if ('abort' in question) return question;
    const ticket = credential.method === 'ticket' ? httpCredentials(request.link)?.ticket : undefined;
    if (ticket !== undefined) {
      const answer = { type: MessageType.Authenticate, signature: ticket, extra: EMPTY_DICT };
      return this.#answers.check(request, candidate, question, answer);
    }
    return {
      challenge: { method: credential.method, extra: question.extra },
      answer: message => this.#answers.check(request, candidate, question, message),
    };
  }

  #noMethod(realm: string, details: Dict, offered: readonly string[]): AuthStep {
    const { directory, backend } = this.#options;
    const known = challengeMethods.filter(
      method => directory.uses(realm, method) || backend?.methods.includes(method) === true,
    );
    if (helloName(details) === undefined && offered.some(method => known.some(name => name === method))) {
      return {
        abort: ErrorUri.AuthenticationRequired,
        message: 'HELLO.Details.authid is missing: it must name the principal',
      };
    }
    const here = [...known, ...(directory.uses(realm, 'tls') ? ['tls'] : [])];
    const message =
      here.length === 0
        ? 'the only authentication method here is anonymous, and HELLO.Details.authmethods does not list it'
        : `HELLO.Details.authmethods lists no method of this realm: ${here.join(', ')}`;
    return { abort: ErrorUri.NoMatchingAuthMethod, message };
  }
}
