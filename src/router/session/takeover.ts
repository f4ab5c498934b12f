import type { Session } from './session.ts';

/** `same-authid`: a session takes over procedures that an older session of the same authid has registered for itself alone. */
export type Takeover = 'none' | 'same-authid';

/** Whether `session` is the principal of `other` come back: the same authid, by the word of the same provider. */
export function isReturnOf(session: Session, other: Session): boolean {
  const [now, before] = [session.principal, other.principal];
  if (session === other || other.internal) return false;
  return now.authid === before.authid && now.authprovider === before.authprovider;
}
