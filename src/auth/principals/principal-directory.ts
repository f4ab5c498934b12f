import { createHmac, randomBytes } from 'node:crypto';
import type { PeerCertificate, Principal } from '../../link/link.ts';
import type { Credential, DeriveOctets } from '../methods/credential.ts';
import { Cryptosign } from '../methods/cryptosign.ts';
import { WampCra } from '../methods/wampcra.ts';
import type { CertificateRule, PrincipalRecord } from './principal-record.ts';

/** The principals of one realm, by the keys that they are found by. */
interface RealmIndex {
  readonly byName: Map<string, PrincipalRecord>;
  readonly byKey: Map<string, PrincipalRecord>;
  readonly clientIds: Set<string>;
  readonly withCertificate: [CertificateRule, PrincipalRecord][];
  /** One credential of each shape on the realm: the models of decoys. */
  readonly models: Map<string, { readonly credential: Credential; readonly authrole: string }>;
}

/** Finds principals by name, key or certificate. The whole content is replaced when they change. */
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

  /** `pepper`: the key that decoys are derived from. If it stays the same, a decoy does not change with a restart. */
  replace(records: readonly PrincipalRecord[], pepper?: Uint8Array): void {
    this.#pepper = pepper ?? this.#pepper;
    this.#realms = this.#index(records);
  }

  /**
   * Whether a session of `principal` would still be admitted with the same role, credentials and client id. Undefined
   * if the session was not admitted by this directory.
   */
  stillKnows(realm: string, principal: Principal): boolean | undefined {
    const { authid, authrole, authmethod, authprovider, credentials, clientId } = principal;
    if (authprovider !== 'static' || authmethod === 'anonymous') return undefined;
    const record = this.find(realm, authid);
    if (record === undefined || record.authrole !== authrole || record.digest !== credentials) return false;
    return clientId === undefined || this.mayUseClientId(realm, record, clientId);
  }

  /**
   * Whether a principal may use an MQTT client id: one of its list. Without a list, it may use any except the names and
   * client ids of other principals. Calls, presence and rules with `{clientid}` identify a device by it.
   */
  mayUseClientId(realm: string, { authid, clientIds }: PrincipalRecord, clientId: string): boolean {
    if (clientIds !== undefined) return clientIds.includes(clientId);
    return clientId === authid || !this.isTaken(realm, clientId);
  }

  find(realm: string, authid: string): PrincipalRecord | undefined {
    return this.#realms.get(realm)?.byName.get(authid);
  }

  /** `key`: a public key of cryptosign, in lower-case hex. */
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

  /** Whether a name is the authid of a principal, or an MQTT client id that is reserved for a principal. */
  isTaken(realm: string, name: string): boolean {
    const index = this.#realms.get(realm);
    return index !== undefined && (index.byName.has(name) || index.clientIds.has(name));
  }

  /** Whether a principal of the realm can authenticate by `method`. */
  uses(realm: string, method: string): boolean {
    const index = this.#realms.get(realm);
    if (index === undefined) return false;
    if (method === 'tls') return index.withCertificate.length > 0;
    for (const { credential } of index.models.values()) if (credential.method === method) return true;
    return false;
  }

  /**
   * A fake credential for a name that does not exist, with the shape of a credential of the realm, of one of `methods`.
   * The same name always gets the same decoy, otherwise a change would reveal it.
   * [advanced/authentication_scram: mock CHALLENGE]
   */
  decoy(
    realm: string,
    authid: string,
    methods: readonly string[],
  ): { readonly credential: Credential; readonly authrole: string } | undefined {
    const derive: DeriveOctets = (label, octets) => this.#derive(JSON.stringify([realm, authid, label]), octets);
    let best: { readonly credential: Credential; readonly authrole: string; readonly score: Buffer } | undefined;
    for (const [shape, model] of this.#realms.get(realm)?.models ?? []) {
      if (!methods.includes(model.credential.method)) continue;
      const score = derive(`shape ${shape}`, 16);
      // The highest score wins, so that a new shape changes only few of the decoys.
      if (best === undefined || score.compare(best.score) > 0) best = { ...model, score };
    }
    return best === undefined ? undefined : { credential: best.credential.decoy(derive), authrole: best.authrole };
  }

  /** A decoy of this credential for a name. */
  decoyOf(credential: Credential, realm: string, authid: string): Credential {
    return credential.decoy((label, octets) => this.#derive(JSON.stringify([realm, authid, label]), octets));
  }

  #derive(label: string, octets: number): Buffer {
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
    // A CHALLENGE of wampcra contains the role, so there is one model for each role. [advanced/authentication_cra]
    const shape = credential instanceof WampCra ? `${credential.shape} ${record.authrole}` : credential.shape;
    if (!index.models.has(shape)) index.models.set(shape, { credential, authrole: record.authrole });
    if (credential instanceof Cryptosign) for (const key of credential.keys) index.byKey.set(key, record);
  }
}
