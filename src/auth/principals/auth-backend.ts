import { type Dict, EMPTY_DICT, isDict } from '../../wamp/dict.ts';
import type { AuthenticateMessage } from '../../wamp/messages/messages.ts';
import {
  type AuthVerdict,
  type ChallengeMethod,
  type Credential,
  type Question,
  WRONG,
} from '../methods/credential.ts';
import { Cryptosign, isPublicKey } from '../methods/cryptosign.ts';
import { WampScram } from '../methods/wamp-scram.ts';
import { WampCra } from '../methods/wampcra.ts';
import type { PrincipalRecord } from './principal-record.ts';

/** What an application is asked about somebody who wants in. [advanced/authentication_dynamic] */
export interface LoginQuestion {
  readonly realm: string;
  readonly authid: string;
  readonly authmethod: ChallengeMethod;
  /** What has been shown: `ticket`, or `pubkey`. */
  readonly shown: Readonly<Record<string, string>>;
  /** Where it is, for people. */
  readonly peer: string;
}

/** An application that knows principals which are written nowhere here. */
export interface AuthBackend {
  readonly methods: readonly ChallengeMethod[];
  /** What the application says; undefined where it knows nobody of the name. Rejects where it cannot be asked. */
  ask(question: LoginQuestion): Promise<unknown>;
}

/** A ticket that the application is shown, and judges itself. */
export class DynamicTicket implements Credential {
  readonly method = 'ticket';
  readonly shape = 'ticket';
  readonly #backend: AuthBackend;
  readonly #about: Omit<LoginQuestion, 'shown'>;

  constructor(backend: AuthBackend, about: Omit<LoginQuestion, 'shown'>) {
    this.#backend = backend;
    this.#about = about;
  }

  question(): Question {
    return {
      extra: EMPTY_DICT,
      check: async ({ signature }: AuthenticateMessage): Promise<AuthVerdict> => {
        const answer = await this.#backend.ask({ ...this.#about, shown: { ticket: signature } });
        const authrole = roleIn(answer);
        if (authrole === undefined) return WRONG;
        return { right: true, as: recordOf(this.#about.authid, authrole, []) };
      },
    };
  }

  decoy(): Credential {
    return this;
  }
}

/** The principal that an application has told of, with what proves it; undefined where it has told of none. */
export function toldRecord(question: LoginQuestion, answer: unknown): PrincipalRecord | undefined {
  const authrole = roleIn(answer);
  if (authrole === undefined) return undefined;
  const credential = credentialIn(question, isDict(answer) ? answer : EMPTY_DICT);
  if (credential === undefined) throw new Error(`the application gave no credential for ${question.authmethod}`);
  return recordOf(question.authid, authrole, [credential]);
}

/** What strangers are asked where no principal has a credential of the method: as most have it. */
export function commonCredential(method: ChallengeMethod): Credential {
  if (method === 'cryptosign') return new Cryptosign([]);
  if (method !== 'wamp-scram') return new WampCra('');
  const none = Buffer.alloc(32);
  const salt = Buffer.alloc(16).toString('base64');
  return new WampScram({ kdf: 'pbkdf2', iterations: 4096, memory: null, salt, storedKey: none, serverKey: none });
}

function recordOf(authid: string, authrole: string, credentials: readonly Credential[]): PrincipalRecord {
  return { authid, authrole, authprovider: 'dynamic', credentials };
}

/** The role itself, or a dictionary with it. */
function roleIn(answer: unknown): string | undefined {
  const role = isDict(answer) ? answer['role'] : answer;
  return typeof role === 'string' && role !== '' ? role : undefined;
}

function credentialIn({ authmethod, shown }: LoginQuestion, told: Dict): Credential | undefined {
  if (authmethod === 'cryptosign') {
    // It was shown the key, and has not refused it.
    const key = told['pubkey'] ?? shown['pubkey'];
    return typeof key === 'string' && isPublicKey(key) ? new Cryptosign([key]) : undefined;
  }
  const { salt, iterations } = told;
  if (authmethod === 'wampcra') {
    const { secret, keylen = 32 } = told;
    if (typeof secret !== 'string') return undefined;
    if (typeof salt !== 'string') return new WampCra(secret);
    return typeof iterations === 'number' && typeof keylen === 'number'
      ? new WampCra(secret, { salt, iterations, keylen })
      : undefined;
  }
  const { kdf = 'pbkdf2', memory = null } = told;
  const [storedKey, serverKey] = [keyIn(told, 'stored_key'), keyIn(told, 'server_key')];
  if (storedKey === undefined || serverKey === undefined || typeof salt !== 'string') return undefined;
  if (typeof iterations !== 'number' || (kdf !== 'pbkdf2' && kdf !== 'argon2id13')) return undefined;
  if (memory !== null && typeof memory !== 'number') return undefined;
  return new WampScram({ kdf, iterations, memory, salt, storedKey, serverKey });
}

function keyIn(told: Dict, name: string): Buffer | undefined {
  const text = told[name];
  const key = typeof text === 'string' ? Buffer.from(text, 'base64') : undefined;
  return key?.length === 32 ? key : undefined;
}
