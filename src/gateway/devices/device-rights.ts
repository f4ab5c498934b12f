import type { Action } from '../../router/policy/authorizer.ts';
import type { MatchPolicy } from '../../wamp/uri.ts';

/** What a bridge does on the realm in the name of devices that it admits without credentials. */
export interface DeviceRights {
  /** The devices, for people: `MQTT clients without credentials`. */
  readonly devices: string;
  /** Their authrole. */
  readonly role: string;
  /** URI or pattern; may hold `{authid}` and `{clientid}`, as a rule of a role. */
  readonly uri: string;
  readonly match: MatchPolicy;
  /** What all such devices do there. */
  readonly needs: readonly Action[];
  /** What some of them do there as well. */
  readonly also?: readonly Action[];
}
