import type { AdmissionRequest } from '../../router/policy/authenticator.ts';
import type { Dict } from '../../wamp/dict.ts';
import type { AuthenticateMessage } from '../../wamp/messages/messages.ts';
import type { Uri } from '../../wamp/uri.ts';

/** The methods with a CHALLENGE. [advanced/authentication] */
export const challengeMethods = ['ticket', 'wampcra', 'wamp-scram', 'cryptosign'] as const;

export type ChallengeMethod = (typeof challengeMethods)[number];

/** The well-formed fields of a HELLO. */
export interface Attempt {
  readonly request: AdmissionRequest;
  /** Of the principal, or as an unknown client claims. */
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

/** The result of checking an AUTHENTICATE. */
export interface AuthVerdict {
  readonly right: boolean;
  /** WELCOME.Details.authextra. */
  readonly extra?: Dict;
  /** The principal, if it was not known before the check. */
  readonly as?: Identified;
  /** The answer was not checked: see `Question.check`. */
  readonly unchecked?: true;
}

export const WRONG: AuthVerdict = Object.freeze({ right: false });
export const UNCHECKED: AuthVerdict = Object.freeze({ right: false, unchecked: true });

/** A CHALLENGE. It accepts one answer. */
export interface Question {
  /** CHALLENGE.Extra. */
  readonly extra: Dict;
  /**
   * Checks an answer. If the check is costly and has to wait in a queue, `stillAllowed` is called before it begins. If
   * that returns false, the result is `UNCHECKED`.
   */
  check(message: AuthenticateMessage, stillAllowed?: () => boolean): AuthVerdict | Promise<AuthVerdict>;
}

/** Rejects a HELLO that this method cannot serve. Sent at once, because it reveals nothing about the principal. */
export interface MethodRefusal {
  readonly abort: Uri;
  readonly message: string;
}

/** Derives octets from a label and a secret key: the same octets for the same label, unpredictable without the key. */
export type DeriveOctets = (label: string, octets: number) => Buffer;

/**
 * A secret or key that proves the identity of a principal. Secrets are in private fields, so code that prints or
 * serialises a principal does not reveal them.
 */
export interface Credential {
  readonly method: ChallengeMethod;
  /** The part that any client sees in CHALLENGE: the method and its parameters. */
  readonly shape: string;
  question(attempt: Attempt): Question | MethodRefusal;
  /**
   * A credential with the same shape and the same cost that accepts no answer. It is used for principals that do not
   * exist, so a client cannot find out which names exist.
   */
  decoy(derive: DeriveOctets): Credential;
}
