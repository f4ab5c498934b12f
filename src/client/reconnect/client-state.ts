import { ErrorUri, type WampError } from '../../wamp/errors.ts';
import type { JoinedSession } from '../api/session-api.ts';

/** The connection state of a client. */
export type ClientState =
  /** Not started, or stopped by `leave`. */
  | { readonly name: 'stopped' }
  /** Opening a link and joining. `attempt` counts from 1 after the last stable session. */
  | { readonly name: 'connecting'; readonly attempt: number }
  | { readonly name: 'joined'; readonly session: JoinedSession }
  | {
      readonly name: 'waiting';
      /** Why the last attempt failed, or why the session ended. */
      readonly error: WampError;
      /** The router refused the client for a reason that does not pass with time: a person has to act. */
      readonly refused: boolean;
      /** The time of the next attempt, in milliseconds since 1970. */
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

/** Whether `ClientState.refused` is true for this error. */
export function isRefusal(error: WampError): boolean {
  return refusals.has(error.uri);
}
