import { ErrorUri, type WampError } from '../../wamp/errors.ts';
import type { JoinedSession } from '../api/session-api.ts';

/** Where a client stands. */
export type ClientState =
  /** Not started, or left. */
  | { readonly name: 'stopped' }
  /** Opening a link and joining; `attempt` counts from 1 since the last session that lasted. */
  | { readonly name: 'connecting'; readonly attempt: number }
  | { readonly name: 'joined'; readonly session: JoinedSession }
  | {
      readonly name: 'waiting';
      /** Why the last attempt failed, or the session ended. */
      readonly error: WampError;
      /** The router was reached and said no, in a way that time alone does not mend: someone has to do something. */
      readonly refused: boolean;
      /** When the next attempt is made: milliseconds since 1970. */
      readonly nextAttempt: number;
    };

const refusals: ReadonlySet<string> = new Set([
  ErrorUri.NoSuchRealm,
  ErrorUri.NoSuchRole,
  ErrorUri.NoSuchPrincipal,
  ErrorUri.NoMatchingAuthMethod,
  ErrorUri.AuthenticationDenied,
  ErrorUri.AuthenticationFailed,
  ErrorUri.AuthenticationRequired,
  ErrorUri.AuthorizationDenied,
  ErrorUri.AuthorizationFailed,
  ErrorUri.AuthorizationRequired,
  ErrorUri.NotAuthorized,
  ErrorUri.InvalidUri,
  ErrorUri.ProtocolViolation,
]);

/** Whether an error of joining is of the kind that `ClientState` calls refused. */
export function isRefusal(error: WampError): boolean {
  return refusals.has(error.uri);
}
