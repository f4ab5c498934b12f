import { networkOf } from '../../../src/base/network/network-of.ts';
import type { Owner } from '../../../src/gateway/bridge/bridge.ts';

const ADDRESS = 'address ';

/** Whom what an owner takes is counted for: its principal, or all clients without credentials from its address (IPv6: /64). */
export function ownerQuotaKey(owner: Owner | undefined): string {
  if (owner === undefined) return `${ADDRESS}unknown`;
  const { authid, authmethod, address, clientId } = owner;
  const unproved = authmethod === 'anonymous' || (authmethod === 'internal' && clientId !== undefined);
  if (!unproved) return `principal ${authid}`;
  return `${ADDRESS}${address === undefined ? 'unknown' : networkOf(address)}`;
}

/** Whether a holder is an address: clients that have not proved who they are. */
export function isAddressKey(holder: string): boolean {
  return holder.startsWith(ADDRESS);
}
