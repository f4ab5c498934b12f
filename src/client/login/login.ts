import type { Link } from '../../link/link.ts';
import type { Dict } from '../../wamp/dict.ts';
import type { ChallengeAnswer } from '../session/joining.ts';

/** A way to prove who one is. Given to `Session.join` and `Client`, which offer it in HELLO. [advanced/authentication] */
export interface Login {
  /** HELLO.Details.authmethods names it. */
  readonly method: string;
  /** One attempt, over `link`: nothing of it is used for another. */
  begin(attempt: { readonly authid: string | undefined; readonly link: Link }): LoginAttempt;
}

export interface LoginAttempt {
  /** Goes into HELLO.Details.authextra. */
  readonly authextra?: Dict;
  /** Answers CHALLENGE.Extra; what it throws ends the attempt. */
  answer(extra: Dict): ChallengeAnswer | Promise<ChallengeAnswer>;
  /** Throws where WELCOME.Details.authextra does not prove that it comes from the router that was meant. */
  verify?(extra: Dict): void;
}

/** Text in a dictionary of the router's; throws where it is none. */
export function textIn(extra: Dict, name: string): string {
  const value = extra[name];
  if (typeof value !== 'string') throw new Error(`CHALLENGE.Extra.${name} is missing`);
  return value;
}

/** A whole number in a dictionary of the router's, from `min` to `max`; throws where it is none. */
export function numberIn(extra: Dict, name: string, min: number, max: number): number {
  const value = extra[name];
  if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return value;
  throw new Error(`CHALLENGE.Extra.${name} is no number from ${min} to ${max}`);
}
