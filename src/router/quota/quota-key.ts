import { networkOfPeer } from '../../base/network/network-of.ts';
import type { LinkInfo, Principal } from '../../link/link.ts';

/**
 * Whom a session stands for when what it takes is counted: its principal, or of strangers all from one address, as a
 * name that nobody has proved to be his counts for nothing. What is a bridge's own, or this machine's, goes by its name.
 */
export function holderOf({ authid, authrole, authmethod }: Principal, info: LinkInfo): string {
  // Of a device that a bridge admitted by its name alone, the bridge says the address.
  const unproved = authmethod === 'anonymous' || authmethod === 'internal';
  const network = unproved ? networkOfPeer(info) : undefined;
  return network === undefined ? principalHolder(authid) : `stranger ${authrole} ${network}`;
}

/** As `holderOf`, of a principal that is no stranger. */
export function principalHolder(authid: string): string {
  return `principal ${authid}`;
}
