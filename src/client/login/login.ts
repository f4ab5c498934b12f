import type { Link } from '../../link/link.ts';
import type { Dict } from '../../wamp/dict.ts';

/** A CHALLENGE of the router: it asks for a proof before WELCOME. [advanced/authentication] */
export interface Challenge {
  /** `ticket`, `wampcra`, … */
  readonly method: string;
  readonly extra: Dict;
}

/** The answer to a challenge: the signature alone, or with an extra. */
export type ChallengeAnswer = string | { readonly signature: string; readonly extra?: Dict };

/**
 * An authentication method with its secret. `Session.join` and `Client` offer it in HELLO. [advanced/authentication]
 */
export interface Login {
  /** HELLO.Details.authmethods names it. */
  readonly method: string;
  /** Begins one attempt over `link`. Attempts share no state. */
  begin(attempt: { readonly authid: string | undefined; readonly link: Link }): LoginAttempt;
}

export interface LoginAttempt {
  /** Goes into HELLO.Details.authextra. */
  readonly authextra?: Dict;
  /** Answers CHALLENGE.Extra. If it throws, the attempt ends. */
  answer(extra: Dict): ChallengeAnswer | Promise<ChallengeAnswer>;
  /** Throws if WELCOME.Details.authextra does not prove that the router knows the secret. */
  verify?(extra: Dict): void;
}

/** A text of CHALLENGE.Extra. Throws if it is missing or not a text. */
export function textIn(extra: Dict, name: string): string {
  const value = extra[name];
  if (typeof value !== 'string') throw new Error(`CHALLENGE.Extra.${name} is missing`);
  return value;
}

/** An integer of CHALLENGE.Extra, from `min` to `max`. Throws if it is missing, not an integer or out of range. */
export function numberIn(extra: Dict, name: string, min: number, max: number): number {
  const value = extra[name];
  if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return value;
  throw new Error(`CHALLENGE.Extra.${name} must be an integer from ${min} to ${max}`);
}
