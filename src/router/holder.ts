import { networkOf } from '../base/network-of.ts';
import type { LinkInfo, Principal } from '../link/link.ts';

/**
 * Whom a session stands for when what it takes is counted: its principal, or of strangers all from one address, as a
 * name that nobody has proved to be his counts for nothing. What is a bridge's own, or this machine's, goes by its name.
 */
export function holderOf({ authid, authrole, authmethod }: Principal, { address }: LinkInfo): string {
  return authmethod === 'anonymous' && address !== undefined
    ? `stranger ${authrole} ${networkOf(address)}`
    : principalHolder(authid);
}

/** As `holderOf`, of a principal that is no stranger. */
export function principalHolder(authid: string): string {
  return `principal ${authid}`;
}
