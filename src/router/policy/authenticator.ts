import type { LinkInfo, Principal } from '../../link/link.ts';
import type { Dict } from '../../wamp/dict.ts';
import type { Id } from '../../wamp/ids.ts';
import type { AuthenticateMessage } from '../../wamp/messages/messages.ts';
import type { Uri } from '../../wamp/uri.ts';

/** The request of a client to join a realm. */
export interface AdmissionRequest {
  readonly realm: Uri;
  /** HELLO.Details, unchanged. */
  readonly details: Dict;
  readonly link: LinkInfo;
  /** The id of the future session. Challenges contain it. */
  readonly session: Id<'session'>;
}

/** The next step of an authentication: WELCOME, ABORT, or a CHALLENGE that AUTHENTICATE answers. */
export type AuthStep =
  | {
      readonly welcome: Principal;
      /** WELCOME.Details.authextra. */
      readonly extra?: Dict;
    }
  | {
      readonly challenge: { readonly method: string; readonly extra: Dict };
      readonly answer: (message: AuthenticateMessage) => AuthStep | Promise<AuthStep>;
    }
  | {
      /** ABORT.Reason. */
      readonly abort: Uri;
      /** Text for people: the reason, and what to do. */
      readonly message: string;
    };

/**
 * Decides whether a client may join, and with which authid and authrole. An exception or a rejected promise is a
 * refusal.
 */
export interface Authenticator {
  begin(request: AdmissionRequest): AuthStep | Promise<AuthStep>;
}
