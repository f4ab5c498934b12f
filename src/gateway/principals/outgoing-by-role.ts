import type { Principal } from '../../link/link.ts';
import type { OutgoingPolicy } from '../../link/outgoing-policy.ts';
import type { RealmConfig } from '../config/config-schema.ts';
import type { OutgoingConfig } from '../config/outgoing-schema.ts';

/** What may wait for sessions of a realm by their role, as far as the configuration sets it apart from the listener's. */
export function outgoingByRole(
  realms: readonly RealmConfig[],
): (realm: string, principal: Principal) => Partial<OutgoingPolicy> | undefined {
  const byRealm = new Map(
    realms.map(({ name, roles }) => [
      name,
      new Map(Object.entries(roles).map(([role, { outgoing }]) => [role, outgoing && outgoingOf(outgoing)])),
    ]),
  );
  return (realm, { authrole }) => byRealm.get(realm)?.get(authrole);
}

/** What the configuration says of an outgoing queue, without what it leaves to others. */
export function outgoingOf({ policy, maxBytes, maxMessages }: OutgoingConfig): Partial<OutgoingPolicy> {
  return {
    ...(policy !== undefined && { policy }),
    ...(maxBytes !== undefined && { maxBytes }),
    ...(maxMessages !== undefined && { maxMessages }),
  };
}
