import type { PrincipalDirectory } from '../auth/principal-directory.ts';
import type { Router } from '../router/router.ts';
import { CloseUri } from '../wamp/errors.ts';

/** Ends the sessions of principals that would not be admitted any more: removed, or with another role or password. */
export function endStrangers(router: Router, directory: PrincipalDirectory): void {
  for (const realm of router.realms()) {
    for (const session of [...realm.sessions()]) {
      if (directory.stillKnows(realm.name, session.principal) === false) {
        session.end(CloseUri.Killed, 'this principal has been removed, or its role or credentials have changed');
      }
    }
  }
}
