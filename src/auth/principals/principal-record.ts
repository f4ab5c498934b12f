import type { AddressSet } from '../../base/network/address.ts';
import type { Principal } from '../../link/link.ts';
import type { PrincipalLimits } from '../../router/quota/principal-quota.ts';
import type { Credential, Identified } from '../methods/credential.ts';

/** Matches client certificates of a principal: by fingerprint, or by subject if a trusted authority signed it. */
export interface CertificateRule {
  readonly fingerprint?: string | undefined;
  readonly subject?: string | undefined;
}

/** A principal that may join, over WebSocket, RawSocket or a bridge. */
export interface PrincipalRecord extends Identified {
  /** The realms that it may join. Undefined: every realm. */
  readonly realms?: readonly string[] | undefined;
  /** At most one of each method. */
  readonly credentials: readonly Credential[];
  /**
   * A keyed digest of the configured credentials and certificates. It changes with the password. Undefined if the
   * gateway does not store the credentials, because an application knows the principal.
   */
  readonly digest?: string | undefined;
  readonly certificates?: readonly CertificateRule[] | undefined;
  /** The MQTT client ids that it may use. Undefined: see `PrincipalDirectory.mayUseClientId`. */
  readonly clientIds?: readonly string[] | undefined;
  /** The addresses that it may connect from. Undefined: any. */
  readonly addresses?: AddressSet | undefined;
  /** Limits that differ from those of its role. */
  readonly limits?: PrincipalLimits | undefined;
}

/** The principal as the router and the sessions of the realm see it. */
export function principalOf(record: Identified & Pick<PrincipalRecord, 'digest'>, authmethod: string): Principal {
  const { authid, authrole, authprovider, digest } = record;
  const principal = { authid, authrole, authmethod, authprovider };
  return digest === undefined ? principal : { ...principal, credentials: digest };
}

/**
 * Whether the principal may connect from the address of the link. A local link without an address counts as 127.0.0.1.
 */
export function mayComeFrom(
  { addresses }: PrincipalRecord,
  { address, loopback }: { readonly address?: string | undefined; readonly loopback: boolean },
): boolean {
  return addresses === undefined || addresses.has(address ?? (loopback ? '127.0.0.1' : ''));
}
