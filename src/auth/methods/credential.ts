import type { AdmissionRequest } from '../../router/policy/authenticator.ts';
import type { Dict } from '../../wamp/dict.ts';
import type { AuthenticateMessage } from '../../wamp/messages/messages.ts';
import type { Uri } from '../../wamp/uri.ts';

/** The methods that ask a question. [advanced/authentication] */
export const challengeMethods = ['ticket', 'wampcra', 'wamp-scram', 'cryptosign'] as const;

export type ChallengeMethod = (typeof challengeMethods)[number];

/** What a HELLO says of who wants in, as far as it is well-formed. */
export interface Attempt {
  readonly request: AdmissionRequest;
  /** The principal's, or what a stranger says it is. */
  readonly authid: string;
  readonly authrole: string;
  readonly authprovider: string;
  /** HELLO.Details.authextra. */
  readonly extra: Dict;
  /** Wall-clock milliseconds. */
  readonly now: number;
}

/** A principal that has proved who it is. */
export interface Identified {
  readonly authid: string;
  readonly authrole: string;
  /** WELCOME.Details.authprovider: the store of the principal. */
  readonly authprovider: string;
}

/** What AUTHENTICATE was worth. */
export interface AuthVerdict {
  readonly right: boolean;
  /** WELCOME.Details.authextra. */
  readonly extra?: Dict;
  /** Who it turned out to be, where that was not known before. */
  readonly as?: Identified;
  /** It was not looked at: see `Question.check`. */
  readonly unheard?: true;
}

export const WRONG: AuthVerdict = Object.freeze({ right: false });
export const UNHEARD: AuthVerdict = Object.freeze({ right: false, unheard: true });

/** A CHALLENGE, good for one answer. */
export interface Question {
  /** CHALLENGE.Extra. */
  readonly extra: Dict;
  /** Where looking at it is costly and has to wait, `heard` says whether it is still to be done: if not, `UNHEARD`. */
  check(message: AuthenticateMessage, heard?: () => boolean): AuthVerdict | Promise<AuthVerdict>;
}

/** The HELLO asks for what this method cannot give; told at once, as it says nothing of the principal. */
export interface Unwilling {
  readonly abort: Uri;
  readonly message: string;
}

/** Gives octets that are always the same for the same label, and that nobody can foretell. */
export type Draw = (label: string, octets: number) => Buffer;

/**
 * What a principal proves itself by. Secrets are in private fields, so that whatever prints or serialises a principal
 * prints none.
 */
export interface Credential {
  readonly method: ChallengeMethod;
  /** What a stranger sees of it: the method and its parameters. */
  readonly shape: string;
  question(attempt: Attempt): Question | Unwilling;
  /** One that looks the same and takes the same time, and that no answer satisfies: for principals that do not exist. */
  decoy(draw: Draw): Credential;
}
