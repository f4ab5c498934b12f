import type { Clock } from '../../base/clock.ts';
import { networkOfPeer } from '../../base/network/network-of.ts';
import type { LinkInfo, Principal } from '../../link/link.ts';
import type { AdmissionRequest, Authenticator, AuthStep } from '../../router/policy/authenticator.ts';
import { helloMethods } from '../../router/policy/hello-methods.ts';
import { type Dict, EMPTY_DICT, isDict } from '../../wamp/dict.ts';
import { ErrorUri } from '../../wamp/errors.ts';
import { MessageType } from '../../wamp/messages/message-type.ts';
import type { AuthenticateMessage } from '../../wamp/messages/messages.ts';
import type { AttemptLimiter } from '../attempts/attempt-limiter.ts';
import { type Attempt, type Credential, challengeMethods, type Question, type Verdict } from '../methods/credential.ts';
import { publicKeyIn } from '../methods/cryptosign.ts';
import { commonCredential, DynamicTicket, type LoginOracle, toldRecord } from '../methods/dynamic-login.ts';
import type { CookieJar } from './cookie-jar.ts';
import { helloName } from './hello-name.ts';
import type { PrincipalDirectory } from './principal-directory.ts';
import { isAuthid, type PrincipalRecord } from './principal-record.ts';

export interface PrincipalAuthenticatorOptions {
  readonly directory: PrincipalDirectory;
  readonly limiter: AttemptLimiter;
  readonly clock: Clock;
  /** Decides about those without credentials. */
  readonly anonymous: Authenticator;
  /** Where browsers are known again by their cookies. */
  readonly cookies?: CookieJar | undefined;
  /** An application that is asked about those whom the directory does not know. */
  readonly oracle?: LoginOracle | undefined;
}

/** A HELLO that offers more methods than there are is looked at no further. */
const MAX_METHODS = 20;

/** Milliseconds that an answer may be kept waiting; who would wait longer is refused unheard. */
const MAX_WAIT = 5_000;

/** Said of a wrong answer and of a name that nobody has, so that neither can be told from the other. */
const DENIED: AuthStep = Object.freeze({
  abort: ErrorUri.AuthenticationDenied,
  message: 'these credentials are not valid here',
});

/** A principal, or what stands in for one that does not exist. */
interface Candidate {
  readonly record: PrincipalRecord | undefined;
  readonly credential: Credential;
  readonly authid: string;
  readonly authrole: string;
}

/**
 * Admits the principals of one realm: by the first of the methods offered in HELLO that can be, and by none that was
 * not. [advanced/authentication]
 */
export class PrincipalAuthenticator implements Authenticator {
  readonly #options: PrincipalAuthenticatorOptions;

  constructor(options: PrincipalAuthenticatorOptions) {
    this.#options = options;
  }

  begin(request: AdmissionRequest): AuthStep | Promise<AuthStep> {
    const { realm, details } = request;
    const { anonymous, directory } = this.#options;
    const offered = methodsIn(request);
    const name = helloName(details);
    if (name !== undefined && !isAuthid(name)) {
      return {
        abort: ErrorUri.InvalidArgument,
        message: 'HELLO.Details.authid is no name: text without control characters',
      };
    }
    let refusal: AuthStep | undefined;
    for (const method of offered) {
      if (method === 'anonymous') {
        const step = anonymous.begin(request);
        if (step instanceof Promise || 'welcome' in step) return step;
        refusal ??= step;
      } else if (method === 'tls' || method === 'cookie') {
        const record = method === 'tls' ? this.#shown(request) : this.#known(request);
        if (record !== undefined) return { welcome: principalOf(record, method) };
        if (method === 'tls' ? directory.uses(realm, 'tls') : this.#options.cookies !== undefined) refusal ??= DENIED;
      }
    }
    const candidate = this.#candidate(request, offered);
    const told = candidate?.record === undefined ? this.#told(request, offered) : undefined;
    if (told !== undefined) return told.then(found => this.#ask(request, found));
    if (candidate !== undefined) return this.#ask(request, candidate);
    return refusal ?? this.#noMethod(realm, details, offered);
  }

  /** Whose certificate the peer has shown. */
  #shown({ realm, details, link }: AdmissionRequest): PrincipalRecord | undefined {
    if (link.certificate === undefined) return undefined;
    const record = this.#options.directory.findByCertificate(realm, link.certificate);
    const authid = helloName(details);
    return record !== undefined && (authid === undefined || authid === record.authid) && mayComeFrom(record, link)
      ? record
      : undefined;
  }

  /** Who logged in on this realm by this browser before. */
  #known({ realm, details, link }: AdmissionRequest): PrincipalRecord | undefined {
    const { cookies, directory } = this.#options;
    const known = link.cookie === undefined ? undefined : cookies?.find(realm, link.cookie);
    if (known === undefined || (helloName(details) ?? known.authid) !== known.authid) return undefined;
    const record = directory.find(realm, known.authid);
    // A changed password ends what was logged in with the old one.
    if (record === undefined || record.digest !== known.digest) return undefined;
    return mayComeFrom(record, link) ? record : undefined;
  }

  /** Who is asked to prove itself, and by what; undefined where nothing can be asked. */
  #candidate(request: AdmissionRequest, offered: readonly string[]): Candidate | undefined {
    const { directory } = this.#options;
    const { realm, link } = request;
    const methods = offered.filter(method => challengeMethods.some(known => known === method));
    const authid = authidOf(request, methods);
    if (authid === undefined) return undefined;
    // For those who exist too: the time until CHALLENGE tells nobody apart.
    const decoy = directory.decoy(realm, authid, methods);
    const record =
      directory.find(realm, authid) ??
      (methods.includes('cryptosign') ? directory.findByKey(realm, authid) : undefined);
    if (record !== undefined && mayComeFrom(record, link)) {
      for (const method of methods) {
        const credential = record.credentials.find(one => one.method === method);
        if (credential !== undefined) return { record, credential, authid: record.authid, authrole: record.authrole };
      }
    }
    return decoy === undefined ? undefined : { record: undefined, authid, ...decoy };
  }

  /** Whom the application knows by that name, or a decoy; undefined where it is not to be asked. */
  #told(request: AdmissionRequest, offered: readonly string[]): Promise<Candidate> | undefined {
    const { oracle, directory } = this.#options;
    const method = oracle?.methods.find(known => offered.includes(known));
    const authid = authidOf(request, offered);
    if (oracle === undefined || method === undefined || authid === undefined) return undefined;
    const { realm, link, details } = request;
    const about = { realm, authid, authmethod: method, peer: link.peer };
    if (method === 'ticket') {
      const credential = new DynamicTicket(oracle, about);
      return Promise.resolve({ record: undefined, credential, authid, authrole: '' });
    }
    const pubkey = publicKeyIn(authextraOf(details));
    const question = { ...about, shown: method === 'cryptosign' && pubkey !== undefined ? { pubkey } : {} };
    return oracle.ask(question).then(answer => {
      const record = toldRecord(question, answer);
      const [credential] = record?.credentials ?? [];
      if (record !== undefined && credential !== undefined) {
        return { record, credential, authid, authrole: record.authrole };
      }
      const decoy = directory.decoy(realm, authid, [method]);
      const common = directory.decoyOf(commonCredential(method), realm, authid);
      return { record: undefined, authid, authrole: 'user', credential: common, ...decoy };
    });
  }

  #ask(request: AdmissionRequest, candidate: Candidate): AuthStep | Promise<AuthStep> {
    const extra = authextraOf(request.details);
    const { authid, authrole, credential, record } = candidate;
    const authprovider = record?.authprovider ?? 'static';
    const attempt: Attempt = { request, authid, authrole, authprovider, extra, now: this.#options.clock.now() };
    const question = credential.question(attempt);
    if ('abort' in question) return question;
    const ticket = credential.method === 'ticket' ? httpCredentials(request.link)?.ticket : undefined;
    if (ticket !== undefined) {
      const answer = { type: MessageType.Authenticate, signature: ticket, extra: EMPTY_DICT };
      return this.#judge(request, candidate, question, answer);
    }
    return {
      challenge: { method: credential.method, extra: question.extra },
      answer: message => this.#judge(request, candidate, question, message),
    };
  }

  #judge(
    request: AdmissionRequest,
    candidate: Candidate,
    question: Question,
    message: AuthenticateMessage,
  ): AuthStep | Promise<AuthStep> {
    const { limiter, clock } = this.#options;
    const from = countedAddress(request.link);
    const wait = limiter.reserve(from, candidate.authid, MAX_WAIT);
    if (wait > MAX_WAIT) {
      const seconds = Math.ceil(wait / 1000);
      const text = `too many wrong answers from here or for this name; try again in ${seconds} s`;
      return { abort: ErrorUri.AuthenticationDenied, message: text };
    }
    const check = (): AuthStep | Promise<AuthStep> => {
      const verdict = question.check(message, wait === 0 ? () => limiter.hears(from, candidate.authid) : undefined);
      if (!(verdict instanceof Promise)) return this.#settle(request, candidate, verdict);
      return verdict.then(settled =>
        settled.unheard === true
          ? this.#judge(request, candidate, question, message)
          : this.#settle(request, candidate, settled),
      );
    };
    if (wait === 0) return check();
    return new Promise<void>(resolve => clock.after(wait, resolve)).then(check);
  }

  #settle({ realm, link }: AdmissionRequest, candidate: Candidate, verdict: Verdict): AuthStep {
    const { limiter, cookies, directory } = this.#options;
    const { authid, credential } = candidate;
    const record = verdict.as ?? candidate.record;
    const welcome = record === undefined || !verdict.right ? undefined : principalOf(record, credential.method);
    // The principal may have been removed, or its credentials changed, after CHALLENGE was sent.
    if (record === undefined || welcome === undefined || directory.stillKnows(realm, welcome) === false) {
      limiter.failed(countedAddress(link), authid);
      return DENIED;
    }
    limiter.succeeded(countedAddress(link), authid);
    if (link.cookie !== undefined) cookies?.remember(realm, link.cookie, record);
    return verdict.extra === undefined ? { welcome } : { welcome, extra: verdict.extra };
  }

  #noMethod(realm: string, details: Dict, offered: readonly string[]): AuthStep {
    const { directory } = this.#options;
    const { oracle } = this.#options;
    const known = challengeMethods.filter(
      method => directory.uses(realm, method) || oracle?.methods.includes(method) === true,
    );
    if (helloName(details) === undefined && offered.some(method => known.some(name => name === method))) {
      return { abort: ErrorUri.AuthenticationRequired, message: 'HELLO.Details.authid has to say who wants to join' };
    }
    const here = [...known, ...(directory.uses(realm, 'tls') ? ['tls'] : [])];
    const message =
      here.length === 0
        ? 'the only authentication method here is anonymous, and HELLO.Details.authmethods does not list it'
        : `HELLO.Details.authmethods lists none of the methods of this realm: ${here.join(', ')}`;
    return { abort: ErrorUri.NoMatchingAuthMethod, message };
  }
}

/** As the router and every session of the realm see it. */
export function principalOf(record: PrincipalRecord, authmethod: string): Principal {
  const { authid, authrole, authprovider, digest } = record;
  const principal = { authid, authrole, authmethod, authprovider };
  return digest === undefined ? principal : { ...principal, credentials: digest };
}

/** Whether the principal may come from where the link does. This machine has an address also where a link has none. */
export function mayComeFrom(
  { addresses }: PrincipalRecord,
  { address, loopback }: { readonly address?: string | undefined; readonly loopback: boolean },
): boolean {
  return addresses === undefined || addresses.has(address ?? (loopback ? '127.0.0.1' : ''));
}

/** A client that lists no methods takes what there is without asking, or means what it said in HTTP. */
function methodsIn({ details, link }: AdmissionRequest): readonly string[] {
  const methods = helloMethods(details);
  if (methods.length === 0) return httpCredentials(link) === undefined ? ['anonymous'] : ['ticket'];
  return [...new Set(methods.slice(0, MAX_METHODS))];
}

function authextraOf({ authextra }: Dict): Dict {
  return isDict(authextra) ? authextra : EMPTY_DICT;
}

/** The name in HELLO or in HTTP, or for cryptosign the key that stands for one. */
function authidOf({ details, link }: AdmissionRequest, methods: readonly string[]): string | undefined {
  const name = helloName(details);
  if (name !== undefined) return name;
  const named = httpCredentials(link)?.authid;
  if (methods.includes('ticket') && isAuthid(named)) return named;
  return methods.includes('cryptosign') ? publicKeyIn(authextraOf(details)) : undefined;
}

/** From where attempts are counted; undefined for this machine, where a proxy may stand for everybody. */
function countedAddress(info: LinkInfo): string | undefined {
  return info.loopback ? undefined : networkOfPeer(info);
}

/** What the request that became a WebSocket says of who sends it: `Basic` a name and a ticket, `Bearer` a ticket. [RFC7617], [RFC6750] */
function httpCredentials({ headers }: LinkInfo): { readonly authid?: string; readonly ticket: string } | undefined {
  const header = headers?.['authorization'];
  if (typeof header !== 'string') return undefined;
  const [, scheme = '', value = ''] = /^(basic|bearer) +([A-Za-z0-9._~+/-]+=*)$/i.exec(header) ?? [];
  if (scheme.toLowerCase() === 'bearer') return { ticket: value };
  if (scheme === '') return undefined;
  const text = Buffer.from(value, 'base64').toString();
  const colon = text.indexOf(':');
  return colon < 0 ? undefined : { authid: text.slice(0, colon), ticket: text.slice(colon + 1) };
}
