import { createHmac, randomBytes } from 'node:crypto';
import type { Credential } from '../../auth/methods/credential.ts';
import { Cryptosign } from '../../auth/methods/cryptosign.ts';
import { Ticket } from '../../auth/methods/ticket.ts';
import { scramKeys, WampScram } from '../../auth/methods/wamp-scram.ts';
import { deriveCraKey, WampCra } from '../../auth/methods/wampcra.ts';
import type { PrincipalRecord } from '../../auth/principals/principal-record.ts';
import { AddressRanges } from '../../transport/endpoint/address-ranges.ts';
import type { PrincipalConfig } from '../config/principal-schema.ts';
import { limitsOf } from './principal-settings.ts';

/** Of this process alone, so that a digest tells nothing of a secret. */
const DIGEST_KEY = randomBytes(32);

/** Principals as the configuration has them, with their secrets put where nothing prints them. */
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
