import type { PrincipalDirectory } from '../../auth/principals/principal-directory.ts';
import type { SessionView } from '../../router/policy/authorizer.ts';
import type { Router } from '../../router/router.ts';
import { CloseUri } from '../../wamp/errors.ts';

/**
 * Ends the sessions that would not be admitted any more: of principals that were removed, or have another role or password,
 * and of devices that only say a name which is that of a principal now.
 */
export function endStrangers(router: Router, directory: PrincipalDirectory): void {
  for (const realm of router.realms()) {
    for (const session of [...realm.sessions()]) {
      const { principal } = session;
      if (directory.stillKnows(realm.name, principal) === false) {
        session.end(CloseUri.Killed, 'this principal has been removed, or its role or credentials have changed');
      } else if (isUnproved(session) && directory.isTaken(realm.name, principal.authid)) {
        session.end(CloseUri.Killed, `${principal.authid} is a principal now, and has to prove that it is`);
      }
    }
  }
}

/** A device that a bridge admitted without credentials, by cbor-tcp or by MQTT. A serial port has the name that it was given. */
function isUnproved({ principal, linkInfo }: SessionView): boolean {
  const { authmethod, clientId } = principal;
  return authmethod === 'anonymous'
    ? linkInfo.device !== undefined
    : authmethod === 'internal' && clientId !== undefined;
}
