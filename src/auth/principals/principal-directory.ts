import { createHmac, randomBytes } from 'node:crypto';
import type { PeerCertificate, Principal } from '../../link/link.ts';
import type { Credential, Draw } from '../methods/credential.ts';
import { Cryptosign } from '../methods/cryptosign.ts';
import { WampCra } from '../methods/wampcra.ts';
import type { CertificateRule, PrincipalRecord } from './principal-record.ts';

/** What strangers see of a realm's principals, and who they are. */
interface RealmIndex {
  readonly byName: Map<string, PrincipalRecord>;
  readonly byKey: Map<string, PrincipalRecord>;
  readonly clientIds: Set<string>;
  readonly withCertificate: [CertificateRule, PrincipalRecord][];
  /** One of each shape that credentials here have: the models of decoys. */
  readonly models: Map<string, { readonly credential: Credential; readonly authrole: string }>;
}

/** All principals, by what they are found by. Replaced as a whole when they change. */
export class PrincipalDirectory {
  readonly #realmNames: readonly string[];
  #realms: ReadonlyMap<string, RealmIndex>;
  #pepper: Uint8Array;
  #size = 0;

  constructor(realmNames: readonly string[], records: readonly PrincipalRecord[] = [], pepper?: Uint8Array) {
    this.#realmNames = realmNames;
    this.#pepper = pepper ?? randomBytes(32);
    this.#realms = this.#index(records);
  }

  get size(): number {
    return this.#size;
  }

  /** `pepper`: what decoys are made from. Where it stays the same, so do they, and nobody can tell them by a restart. */
  replace(records: readonly PrincipalRecord[], pepper?: Uint8Array): void {
    this.#pepper = pepper ?? this.#pepper;
    this.#realms = this.#index(records);
  }

  /**
   * Whether a session of `principal` would still be admitted: with the same role, credentials and client id. Undefined if
   * it was not admitted as one of these principals.
   */
  stillKnows(realm: string, principal: Principal): boolean | undefined {
    const { authid, authrole, authmethod, authprovider, credentials, clientId } = principal;
    if (authprovider !== 'static' || authmethod === 'anonymous') return undefined;
    const record = this.find(realm, authid);
    if (record === undefined || record.authrole !== authrole || record.digest !== credentials) return false;
    return clientId === undefined || this.mayUseClientId(realm, record, clientId);
  }

  /**
   * Whether a principal may use an MQTT client id: one of its list; without a list, any but the names and client ids of other
   * principals, as calls, presence and rules with `{clientid}` go by it.
   */
  mayUseClientId(realm: string, { authid, clientIds }: PrincipalRecord, clientId: string): boolean {
    if (clientIds !== undefined) return clientIds.includes(clientId);
    return clientId === authid || !this.isTaken(realm, clientId);
  }

  find(realm: string, authid: string): PrincipalRecord | undefined {
    return this.#realms.get(realm)?.byName.get(authid);
  }

  /** By a public key of cryptosign, in lower-case hex. */
  findByKey(realm: string, key: string): PrincipalRecord | undefined {
    return this.#realms.get(realm)?.byKey.get(key);
  }

  findByCertificate(realm: string, certificate: PeerCertificate): PrincipalRecord | undefined {
    const { fingerprint, subject, trusted } = certificate;
    for (const [rule, record] of this.#realms.get(realm)?.withCertificate ?? []) {
      if (rule.fingerprint !== undefined ? rule.fingerprint === fingerprint : trusted && rule.subject === subject) {
        return record;
      }
    }
    return undefined;
  }

  /** Whether a name is a principal's, or an MQTT client id that only a principal may use. */
  isTaken(realm: string, name: string): boolean {
    const index = this.#realms.get(realm);
    return index !== undefined && (index.byName.has(name) || index.clientIds.has(name));
  }

  /** Whether some principal of the realm proves itself by `method`. */
  uses(realm: string, method: string): boolean {
    const index = this.#realms.get(realm);
    if (index === undefined) return false;
    if (method === 'tls') return index.withCertificate.length > 0;
    for (const { credential } of index.models.values()) if (credential.method === method) return true;
    return false;
  }

  /**
   * What is asked of somebody who does not exist: a credential as one of the realm's principals has it, of one of
   * `methods`. The same name is always asked the same, or its changing would tell that it is made up.
   * [advanced/authentication_scram: mock CHALLENGE]
   */
  decoy(
    realm: string,
    authid: string,
    methods: readonly string[],
  ): { readonly credential: Credential; readonly authrole: string } | undefined {
    const draw: Draw = (label, octets) => this.#draw(JSON.stringify([realm, authid, label]), octets);
    let best: { readonly credential: Credential; readonly authrole: string; readonly score: Buffer } | undefined;
    for (const [shape, model] of this.#realms.get(realm)?.models ?? []) {
      if (!methods.includes(model.credential.method)) continue;
      const score = draw(`shape ${shape}`, 16);
      // Highest of all: a shape more changes few of the choices.
      if (best === undefined || score.compare(best.score) > 0) best = { ...model, score };
    }
    return best === undefined ? undefined : { credential: best.credential.decoy(draw), authrole: best.authrole };
  }

  /** A decoy of this credential, for that name. */
  decoyOf(credential: Credential, realm: string, authid: string): Credential {
    return credential.decoy((label, octets) => this.#draw(JSON.stringify([realm, authid, label]), octets));
  }

  #draw(label: string, octets: number): Buffer {
    const blocks = Array.from({ length: Math.ceil(octets / 32) }, (_, index) =>
      createHmac('sha256', this.#pepper).update(`${index} ${label}`).digest(),
    );
    return Buffer.concat(blocks).subarray(0, octets);
  }

  #index(records: readonly PrincipalRecord[]): ReadonlyMap<string, RealmIndex> {
    const realms = new Map<string, RealmIndex>();
    for (const record of records) {
      for (const realm of record.realms ?? this.#realmNames) {
        let index = realms.get(realm);
        if (index === undefined) {
          index = { byName: new Map(), byKey: new Map(), clientIds: new Set(), withCertificate: [], models: new Map() };
          realms.set(realm, index);
        }
        enter(index, record);
      }
    }
    this.#size = records.length;
    return realms;
  }
}

function enter(index: RealmIndex, record: PrincipalRecord): void {
  index.byName.set(record.authid, record);
  for (const id of record.clientIds ?? []) index.clientIds.add(id);
  for (const rule of record.certificates ?? []) index.withCertificate.push([rule, record]);
  for (const credential of record.credentials) {
    // What wampcra asks names the role: a stranger is shown one of those that there are. [advanced/authentication_cra]
    const shape = credential instanceof WampCra ? `${credential.shape} ${record.authrole}` : credential.shape;
    if (!index.models.has(shape)) index.models.set(shape, { credential, authrole: record.authrole });
    if (credential instanceof Cryptosign) for (const key of credential.keys) index.byKey.set(key, record);
  }
}
