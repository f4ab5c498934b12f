import type { AdmissionRequest } from '../../router/policy/authenticator.ts';
import { type Credential, challengeMethods } from '../methods/credential.ts';
import { publicKeyIn } from '../methods/cryptosign.ts';
import { type AuthBackend, commonCredential, DynamicTicket, recordInAnswer } from './auth-backend.ts';
import { authextraOf, authidOf } from './hello-credentials.ts';
import type { PrincipalDirectory } from './principal-directory.ts';
import { mayComeFrom, type PrincipalRecord } from './principal-record.ts';

/** A principal that CHALLENGE is sent to, or a decoy of one that does not exist. */
export interface LoginCandidate {
  readonly record: PrincipalRecord | undefined;
  readonly credential: Credential;
  readonly authid: string;
  readonly authrole: string;
}

/** Finds the principal that a HELLO names and the credential that it is asked for. */
export class LoginCandidates {
  readonly #directory: PrincipalDirectory;
  readonly #backend: AuthBackend | undefined;

  constructor(directory: PrincipalDirectory, backend: AuthBackend | undefined) {
    this.#directory = directory;
    this.#backend = backend;
  }

  /** The principal or decoy for a HELLO. Undefined if HELLO names none, or no principal of the realm uses a method. */
  find(request: AdmissionRequest, offered: readonly string[]): LoginCandidate | undefined {
    const directory = this.#directory;
    const { realm, link } = request;
    const methods = offered.filter(method => challengeMethods.some(known => known === method));
    const authid = authidOf(request, methods);
    if (authid === undefined) return undefined;
    // A decoy is computed for existing principals too, so the time until CHALLENGE does not show which ones exist.
    const decoy = directory.decoy(realm, authid, methods);
    const record =
      directory.find(realm, authid) ??
      (methods.includes('cryptosign') ? directory.findByKey(realm, authid) : undefined);
    if (record !== undefined && mayComeFrom(record, link)) {
      for (const method of methods) {
        const credential = record.credentials.find(one => one.method === method);
        if (credential !== undefined) return { record, credential, authid: record.authid, authrole: record.authrole };
      }
    }
    return decoy === undefined ? undefined : { record: undefined, authid, ...decoy };
  }

  /** Asks the application for the principal. Resolves to a decoy if it does not know it. Undefined if none is asked. */
  ask(request: AdmissionRequest, offered: readonly string[]): Promise<LoginCandidate> | undefined {
    const backend = this.#backend;
    const directory = this.#directory;
    const method = backend?.methods.find(known => offered.includes(known));
    const authid = authidOf(request, offered);
    if (backend === undefined || method === undefined || authid === undefined) return undefined;
    const { realm, link, details } = request;
    const about = { realm, authid, authmethod: method, peer: link.peer };
    if (method === 'ticket') {
      const credential = new DynamicTicket(backend, about);
      return Promise.resolve({ record: undefined, credential, authid, authrole: '' });
    }
    const pubkey = publicKeyIn(authextraOf(details));
    const question = { ...about, shown: method === 'cryptosign' && pubkey !== undefined ? { pubkey } : {} };
    return backend.ask(question).then(answer => {
      const record = recordInAnswer(question, answer);
      const [credential] = record?.credentials ?? [];
      if (record !== undefined && credential !== undefined) {
        return { record, credential, authid, authrole: record.authrole };
      }
      const decoy = directory.decoy(realm, authid, [method]);
      const common = directory.decoyOf(commonCredential(method), realm, authid);
      return { record: undefined, authid, authrole: 'user', credential: common, ...decoy };
    });
  }
}
