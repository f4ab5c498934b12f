import type { LinkInfo, Principal } from '../../link/link.ts';
import type { Dict } from '../../wamp/dict.ts';
import type { Id } from '../../wamp/ids.ts';
import type { AuthenticateMessage } from '../../wamp/messages/messages.ts';
import type { Uri } from '../../wamp/uri.ts';

/** Who asks to join which realm. */
export interface AdmissionRequest {
  readonly realm: Uri;
  /** HELLO.Details as it came. */
  readonly details: Dict;
  readonly link: LinkInfo;
  /** The id that the session will have if it is admitted: challenges contain it. */
  readonly session: Id<'session'>;
}

/** The next step of an authentication: admitted, refused, or a question to be answered by AUTHENTICATE. */
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
      /** For people: why, and what to do. */
      readonly message: string;
    };

/** Decides who may join, and as whom. A rejected promise or an exception is a refusal. */
export interface Authenticator {
  begin(request: AdmissionRequest): AuthStep | Promise<AuthStep>;
}
