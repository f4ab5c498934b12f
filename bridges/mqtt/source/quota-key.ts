import { networkOf } from '../../../src/base/network/network-of.ts';
import type { Owner } from '../../../src/gateway/bridge/bridge.ts';

const ADDRESS = 'address ';

/**
 * The quota key of an owner: its principal if it has authenticated, otherwise its IP address (IPv6: its /64 network).
 */
export function ownerQuotaKey(owner: Owner | undefined): string {
  if (owner === undefined) return `${ADDRESS}unknown`;
  const { authid, authmethod, address, clientId } = owner;
  const unproved = authmethod === 'anonymous' || (authmethod === 'internal' && clientId !== undefined);
  if (!unproved) return `principal ${authid}`;
  return `${ADDRESS}${address === undefined ? 'unknown' : networkOf(address)}`;
}

/** Whether a quota key is an address, which all unauthenticated clients there share. */
export function isAddressKey(quotaKey: string): boolean {
  return quotaKey.startsWith(ADDRESS);
}
