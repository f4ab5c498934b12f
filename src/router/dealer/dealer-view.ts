import type { Id } from '../../wamp/ids.ts';
import type { MatchPolicy, Uri } from '../../wamp/uri.ts';
import type { RegistrationView } from '../session/observer.ts';

/** The registrations of a realm, as the meta API reads them. */
export interface DealerView {
  readonly registrations: ReadonlyMap<Id<'registration'>, RegistrationView>;
  /** Arguments kept for calls that wait or may be rerouted, in bytes. */
  readonly keptBytes: number;
  /** The registration of exactly this URI or pattern. */
  lookup(procedure: Uri, match: MatchPolicy): RegistrationView | undefined;
  /** The registration that a call of `procedure` would reach. Throws `invalid_uri`. */
  match(procedure: Uri): RegistrationView | undefined;
}
