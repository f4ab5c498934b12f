import type { Id } from '../../wamp/ids.ts';
import type { MatchPolicy, Uri } from '../../wamp/uri.ts';
import type { Session } from '../session/session.ts';
import type { Registration } from './registration.ts';

/** What can be seen and administered of a realm's registrations. */
export interface DealerView {
  readonly registrations: ReadonlyMap<Id<'registration'>, Registration>;
  /** Arguments kept for calls that wait or may be rerouted, in bytes. */
  readonly keptBytes: number;
  /** What is registered under exactly this URI or pattern. */
  lookup(procedure: Uri, match: MatchPolicy): Registration | undefined;
  /** What a call of `procedure` would go to. Throws `WampError` for what is no URI. */
  match(procedure: Uri): Registration | undefined;
  /**
   * Takes a callee out of a registration. It is told, with the reason, if it announced the feature; calls that it is at
   * work on, it may still answer. Does nothing where it has no part in the registration. [advanced/rpc_registration_revocation]
   */
  revokeRegistration(session: Session, registration: Registration, reason: string): void;
}
