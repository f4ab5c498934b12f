import { CloseUri, ErrorUri } from '../../../src/wamp/errors.ts';

const explanations = new Map<string, string>([
  [
    ErrorUri.NoSuchProcedure,
    'No client offers this procedure at present. Is its name right, and the device connected?',
  ],
  [ErrorUri.InvalidUri, 'This is not a legal name: parts separated by dots, without spaces.'],
  [ErrorUri.InvalidArgument, 'The procedure does not accept these arguments.'],
  [ErrorUri.NotAuthorized, 'This page may not do that: its role lacks the permission.'],
  [ErrorUri.AuthorizationFailed, 'The gateway could not find out whether this page may do that.'],
  [ErrorUri.Timeout, 'No answer came in time.'],
  [ErrorUri.Canceled, 'The call was cancelled.'],
  [
    ErrorUri.NetworkFailure,
    'The connection was lost before the answer came. The call may or may not have been carried out.',
  ],
  [ErrorUri.Unavailable, 'The device or service behind this procedure cannot be reached.'],
  [ErrorUri.NoAvailableCallee, 'Every client that offers this procedure is busy.'],
  [ErrorUri.RuntimeError, 'The procedure itself failed.'],
  [ErrorUri.NoSuchRealm, 'The gateway has no realm of this name.'],
  [ErrorUri.PayloadSizeExceeded, 'The arguments or the result are too large.'],
]);

/** Explains an error URI of WAMP to the user. Returns undefined for the error URIs of applications. */
export function errorText(uri: string): string | undefined {
  return explanations.get(uri);
}

const closeReasons = new Map<string, string>([
  [CloseUri.SystemShutdown, 'the gateway is shutting down'],
  [CloseUri.CloseRealm, 'the realm was closed'],
  [CloseUri.GoodbyeAndOut, 'the gateway confirmed the end of the session'],
  [CloseUri.Normal, 'the gateway ended the session'],
  [CloseUri.Killed, 'the session was ended by an administrator'],
]);

/** Explains why a session ended. A close URI is replaced by a text, any other reason is returned unchanged. */
export function closeReasonText(reason: string): string {
  const [uri = '', ...rest] = reason.split(': ');
  const words = closeReasons.get(uri);
  return words === undefined ? reason : [words, ...rest].join(': ');
}
