import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';
import type { RefusalSummary } from '../../base/refusal-summary.ts';
import type { Principal } from '../../link/link.ts';
import type { OutgoingPolicy } from '../../link/outgoing-policy.ts';
import type { Id } from '../../wamp/ids.ts';
import type { Authenticator } from '../policy/authenticator.ts';
import type { RouterLimits } from '../quota/limits.ts';
import type { QuotaTable } from '../quota/quota-table.ts';
import type { Realm } from '../realm/realm.ts';

/** What a connection without a session needs of the router. */
export interface Lobby {
  readonly clock: Clock;
  readonly log: Logger;
  /** Sums up who is refused. */
  readonly refusals: RefusalSummary;
  readonly limits: RouterLimits;
  readonly authenticator: Authenticator;
  /** WELCOME.Details.agent. */
  readonly agent: string;
  /** Whether there are as many sessions as there may be. */
  readonly full: boolean;
  realm(name: string): Realm | undefined;
  /** What may wait for a principal's session, where that differs from what its listener grants. */
  outgoingOf(realm: string, principal: Principal): Partial<OutgoingPolicy> | undefined;
  readonly allowances: QuotaTable;
  newSessionId(): Id<'session'>;
}
