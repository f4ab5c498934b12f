import type { Action } from '../../router/policy/authorizer.ts';
import type { MatchPolicy } from '../../wamp/uri.ts';

/** The actions of a bridge in the name of devices that it admits without credentials. */
export interface DeviceRights {
  /** Describes the devices for people: `MQTT clients without credentials`. */
  readonly devices: string;
  /** Their authrole. */
  readonly role: string;
  /** URI or pattern. May contain `{authid}` and `{clientid}`, as in a rule of a role. */
  readonly uri: string;
  readonly match: MatchPolicy;
  /** Actions of all such devices. */
  readonly needs: readonly Action[];
  /** Further actions of some of them. */
  readonly also?: readonly Action[];
}
