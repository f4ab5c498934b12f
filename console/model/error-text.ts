import { CloseUri, ErrorUri } from '../../src/wamp/errors.ts';

const explanations = new Map<string, string>([
  [ErrorUri.NoSuchProcedure, 'Nobody offers this procedure at present. Is its name right, and the device connected?'],
  [ErrorUri.InvalidUri, 'This is not a legal name: parts separated by dots, without spaces.'],
  [ErrorUri.InvalidArgument, 'The procedure does not accept these arguments.'],
  [ErrorUri.NotAuthorized, 'This page may not do that: its role lacks the permission.'],
  [ErrorUri.AuthorizationFailed, 'The gateway could not find out whether this page may do that.'],
  [ErrorUri.Timeout, 'No answer came in time.'],
  [ErrorUri.Canceled, 'The call was cancelled.'],
  [ErrorUri.NetworkFailure, 'The connection was lost before the answer came. It may or may not have been carried out.'],
  [ErrorUri.Unavailable, 'The device or service behind this procedure cannot be reached.'],
  [ErrorUri.NoAvailableCallee, 'Everyone who offers this procedure is busy.'],
  [ErrorUri.RuntimeError, 'The procedure itself failed.'],
  [ErrorUri.NoSuchRealm, 'The gateway has no realm of this name.'],
  [ErrorUri.PayloadSizeExceeded, 'The arguments or the result are too large.'],
]);

/** What an error URI of the protocol means, for people; undefined for an application's own. */
export function errorText(uri: string): string | undefined {
  return explanations.get(uri);
}

const endings = new Map<string, string>([
  [CloseUri.SystemShutdown, 'the gateway is shutting down'],
  [CloseUri.CloseRealm, 'the realm was closed'],
  [CloseUri.GoodbyeAndOut, 'the gateway said goodbye'],
  [CloseUri.Normal, 'the gateway ended the session'],
  [CloseUri.Killed, 'the session was ended by an administrator'],
]);

/** Why a session ended, for people: close URIs in words, anything else as it is. */
export function endingText(reason: string): string {
  const [uri = '', ...rest] = reason.split(': ');
  const words = endings.get(uri);
  return words === undefined ? reason : [words, ...rest].join(': ');
}
