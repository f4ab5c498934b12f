import type { Session } from './session.ts';

/** `same-authid`: a session takes over procedures that an older session of the same authid has registered for itself alone. */
export type Takeover = 'none' | 'same-authid';

/** Whether `session` is the same principal as `other`, come back. Whoever is anonymous is nobody in particular. */
export function isReturnOf(session: Session, other: Session): boolean {
  const [now, before] = [session.principal, other.principal];
  if (session === other || other.internal || now.authmethod === 'anonymous' || before.authmethod === 'anonymous')
    return false;
  return now.authid === before.authid;
}
