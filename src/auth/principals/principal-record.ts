import type { AddressSet } from '../../base/network/address.ts';
import type { Principal } from '../../link/link.ts';
import type { PrincipalLimits } from '../../router/quota/principal-quota.ts';
import type { Credential, Identified } from '../methods/credential.ts';

/** A client certificate that stands for a principal: this one, or any of this subject that a trusted authority signed. */
export interface CertificateRule {
  readonly fingerprint?: string | undefined;
  readonly subject?: string | undefined;
}

/** A principal that may join, over WebSocket, RawSocket or a bridge. */
export interface PrincipalRecord extends Identified {
  /** The realms it may join; undefined is every realm. */
  readonly realms?: readonly string[] | undefined;
  /** At most one of each method. */
  readonly credentials: readonly Credential[];
  /**
   * A keyed digest of the credentials and certificates, as they are configured: another password is another digest.
   * Undefined if they are not kept here, as for principals that an application knows.
   */
  readonly digest?: string | undefined;
  readonly certificates?: readonly CertificateRule[] | undefined;
  /** The MQTT client ids it may use; undefined is any. */
  readonly clientIds?: readonly string[] | undefined;
  /** Where it may come from; undefined is anywhere. */
  readonly addresses?: AddressSet | undefined;
  /** What it may take, where that differs from others of its role. */
  readonly limits?: PrincipalLimits | undefined;
}

/** As the router and every session of the realm see it. */
export function principalOf(record: Identified & Pick<PrincipalRecord, 'digest'>, authmethod: string): Principal {
  const { authid, authrole, authprovider, digest } = record;
  const principal = { authid, authrole, authmethod, authprovider };
  return digest === undefined ? principal : { ...principal, credentials: digest };
}

/** Whether the principal may come from where the link does. This machine has an address also where a link has none. */
export function mayComeFrom(
  { addresses }: PrincipalRecord,
  { address, loopback }: { readonly address?: string | undefined; readonly loopback: boolean },
): boolean {
  return addresses === undefined || addresses.has(address ?? (loopback ? '127.0.0.1' : ''));
}
