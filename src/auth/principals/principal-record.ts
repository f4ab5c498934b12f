import type { AddressSet } from '../../base/network/address.ts';
import { isPlainText } from '../../base/safe-text.ts';
import type { PrincipalLimits } from '../../router/quota/principal-quota.ts';
import type { Credential } from '../methods/credential.ts';

/** A client certificate that stands for a principal: this one, or any of this subject that a trusted authority signed. */
export interface CertificateRule {
  readonly fingerprint?: string | undefined;
  readonly subject?: string | undefined;
}

/** Somebody who may come in, by whatever entrance: WebSocket, RawSocket, or a bridge. */
export interface PrincipalRecord {
  readonly authid: string;
  readonly authrole: string;
  /** WELCOME.Details.authprovider: where this is written. */
  readonly authprovider: string;
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

/** The longest authid. */
export const MAX_AUTHID = 256;

/** Whether `value` may name a principal: text without control characters, which would lie in logs and on screens. */
export function isAuthid(value: unknown): value is string {
  return typeof value === 'string' && value.length > 0 && value.length <= MAX_AUTHID && isPlainText(value);
}
