import { createHmac, randomBytes } from 'node:crypto';
import type { Credential } from '../../auth/methods/credential.ts';
import { Cryptosign } from '../../auth/methods/cryptosign.ts';
import { Ticket } from '../../auth/methods/ticket.ts';
import { scramKeys, WampScram } from '../../auth/methods/wamp-scram.ts';
import { deriveCraKey, WampCra } from '../../auth/methods/wampcra.ts';
import type { PrincipalDirectory } from '../../auth/principals/principal-directory.ts';
import type { PrincipalRecord } from '../../auth/principals/principal-record.ts';
import type { Principal } from '../../link/link.ts';
import type { OutgoingPolicy } from '../../link/outgoing-policy.ts';
import type { PrincipalLimits } from '../../router/quota/principal-quota.ts';
import { AddressRanges } from '../../transport/endpoint/address-ranges.ts';
import type { RealmConfig } from '../config/config-schema.ts';
import type { PrincipalLimitsConfig } from '../config/limits-schema.ts';
import type { OutgoingConfig } from '../config/outgoing-schema.ts';
import type { PrincipalConfig } from '../config/principal-schema.ts';

/** A key of this process, so that a digest does not reveal a secret. */
const DIGEST_KEY = randomBytes(32);

/** Converts configured principals. Secrets move into private fields, so that nothing prints them. */
export function principalRecords(principals: readonly PrincipalConfig[]): PrincipalRecord[] {
  return principals.map(({ authid, role, realms, certificates, clientIds, addresses, limits, ...secrets }) => ({
    authid,
    authrole: role,
    authprovider: 'static',
    realms,
    credentials: credentialsOf(secrets),
    digest: createHmac('sha256', DIGEST_KEY)
      .update(JSON.stringify([secrets, certificates]))
      .digest('base64'),
    certificates,
    clientIds,
    addresses: addresses === undefined ? undefined : new AddressRanges(addresses),
    limits: limits && limitsOf(limits),
  }));
}

type Secrets = Pick<PrincipalConfig, 'ticket' | 'wampcra' | 'scram' | 'cryptosign'>;

function credentialsOf({ ticket, wampcra, scram, cryptosign }: Secrets): Credential[] {
  return [
    ...(ticket === undefined ? [] : [new Ticket(ticket)]),
    ...(wampcra === undefined ? [] : [craOf(wampcra)]),
    ...(scram === undefined ? [] : [scramOf(scram)]),
    ...(cryptosign === undefined ? [] : [new Cryptosign(cryptosign)]),
  ];
}

function craOf(wampcra: NonNullable<Secrets['wampcra']>): WampCra {
  if ('secret' in wampcra) return new WampCra(wampcra.secret);
  const { salt, iterations, keylen } = wampcra;
  const parameters = { salt, iterations, keylen };
  const key = 'password' in wampcra ? deriveCraKey(wampcra.password, parameters) : wampcra.derivedKey;
  return new WampCra(key, parameters);
}

function scramOf(scram: NonNullable<Secrets['scram']>): WampScram {
  const { kdf, iterations, memory = null } = scram;
  const cost = { kdf, iterations, memory };
  if ('password' in scram) return new WampScram(scramKeys(scram.password, randomBytes(16), cost));
  const { salt, storedKey, serverKey } = scram;
  return new WampScram({
    ...cost,
    salt,
    storedKey: Buffer.from(storedKey, 'base64'),
    serverKey: Buffer.from(serverKey, 'base64'),
  });
}

/** Finds the limits of a principal: its own ones, and for the rest those of its role. */
export function limitsByPrincipal(
  realms: readonly RealmConfig[],
  directory: PrincipalDirectory,
): (realm: string, principal: Principal) => PrincipalLimits | undefined {
  const byRealm = new Map(
    realms.map(({ name, roles }) => [
      name,
      new Map(Object.entries(roles).map(([role, { limits }]) => [role, limits && limitsOf(limits)])),
    ]),
  );
  return (realm, { authid, authrole, authmethod }) => {
    const role = byRealm.get(realm)?.get(authrole);
    // An anonymous client may use any name, so the limits of a principal with that name do not apply.
    const own = authmethod === 'anonymous' ? undefined : directory.find(realm, authid)?.limits;
    return own === undefined ? role : { ...role, ...own };
  };
}

/** Converts limits for the router. Limits that are not set are left out. */
export function limitsOf({ maxMessageSize, ...limits }: PrincipalLimitsConfig): PrincipalLimits {
  const set = Object.entries({ ...limits, messageSize: maxMessageSize }).filter(([, value]) => value !== undefined);
  return Object.fromEntries(set);
}

/** Finds the outgoing queue settings of a role that differ from those of the listener. */
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

/** Converts the settings of an outgoing queue. Settings that are not set are left out. */
export function outgoingOf({ policy, maxBytes, maxMessages }: OutgoingConfig): Partial<OutgoingPolicy> {
  return {
    ...(policy !== undefined && { policy }),
    ...(maxBytes !== undefined && { maxBytes }),
    ...(maxMessages !== undefined && { maxMessages }),
  };
}
