import type { PrincipalDirectory } from '../../auth/principals/principal-directory.ts';
import type { Principal } from '../../link/link.ts';
import type { Owner } from '../bridge/bridge.ts';
import { refusalByRule, type UnprovedPolicy } from '../devices/device-admission.ts';

export interface KnownOwners {
  readonly realm: string;
  readonly directory: Pick<PrincipalDirectory, 'find'>;
  /** Whether a name belongs to a principal. A device without credentials must not use it. */
  isTaken(name: string): boolean;
}

/** `service`: the owner is a bridge itself. */
export type OwnerNow =
  | { readonly principal: Principal; readonly internal: 'replay' | 'service' }
  | { readonly refused: string };

/**
 * Finds the current identity of the owner of a stored message: a principal with its current role, or a device without
 * credentials. Such a device must still be admitted by the bridge. Otherwise returns the reason of the refusal.
 */
export function ownerNow(owner: Owner, policy: UnprovedPolicy, { realm, directory, isTaken }: KnownOwners): OwnerNow {
  const { authid, authrole, authmethod, authprovider, clientId } = owner;
  const known = { authid, authrole, authmethod, authprovider, ...(clientId !== undefined && { clientId }) };
  if (authprovider === 'static' && authmethod !== 'anonymous') {
    const record = directory.find(realm, authid);
    if (record === undefined) return { refused: `${authid} is no longer a principal` };
    const { digest: credentials } = record;
    const principal = { ...known, authrole: record.authrole, ...(credentials !== undefined && { credentials }) };
    return { principal, internal: 'replay' };
  }
  if (authmethod !== 'internal') return { principal: known, internal: 'replay' };
  if (clientId === undefined) return { principal: known, internal: authrole === 'bridge' ? 'service' : 'replay' };
  if (isTaken(clientId)) return { refused: `${clientId} is a principal now` };
  const refused = refusalByRule({ loopback: owner.loopback === true }, policy);
  if (refused !== undefined) return { refused };
  return { principal: { ...known, authrole: policy.role }, internal: 'replay' };
}
