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

/** A question to an application about a client that wants to join. [advanced/authentication_dynamic] */
export interface LoginQuestion {
  readonly realm: string;
  readonly authid: string;
  readonly authmethod: ChallengeMethod;
  /** The credential that the client sent: `ticket` or `pubkey`. */
  readonly shown: Readonly<Record<string, string>>;
  /** Address of the client, for people. */
  readonly peer: string;
}

/** An application that knows principals which are not in the configuration. */
export interface AuthBackend {
  readonly methods: readonly ChallengeMethod[];
  /**
   * Resolves to the answer, or to undefined if the application does not know the name. Rejects if it does not answer.
   */
  ask(question: LoginQuestion): Promise<unknown>;
}

/** A ticket that the application checks itself. */
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

/** The principal in an answer of an application, with its credential. Undefined if the answer names no role. */
export function recordInAnswer(question: LoginQuestion, answer: unknown): PrincipalRecord | undefined {
  const authrole = roleIn(answer);
  if (authrole === undefined) return undefined;
  const credential = credentialIn(question, isDict(answer) ? answer : EMPTY_DICT);
  if (credential === undefined)
    throw new Error(`the answer of the authenticator has no valid credential for ${question.authmethod}`);
  return recordOf(question.authid, authrole, [credential]);
}

/** The model of a decoy if no principal has a credential of the method. It has the most common parameters. */
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

/** An answer is the role itself, or a dictionary with it. */
function roleIn(answer: unknown): string | undefined {
  const role = isDict(answer) ? answer['role'] : answer;
  return typeof role === 'string' && role !== '' ? role : undefined;
}

function credentialIn({ authmethod, shown }: LoginQuestion, answer: Dict): Credential | undefined {
  if (authmethod === 'cryptosign') {
    // The application received the key and did not reject it.
    const key = answer['pubkey'] ?? shown['pubkey'];
    return typeof key === 'string' && isPublicKey(key) ? new Cryptosign([key]) : undefined;
  }
  const { salt, iterations } = answer;
  if (authmethod === 'wampcra') {
    const { secret, keylen = 32 } = answer;
    if (typeof secret !== 'string') return undefined;
    if (typeof salt !== 'string') return new WampCra(secret);
    return typeof iterations === 'number' && typeof keylen === 'number'
      ? new WampCra(secret, { salt, iterations, keylen })
      : undefined;
  }
  const { kdf = 'pbkdf2', memory = null } = answer;
  const [storedKey, serverKey] = [keyIn(answer, 'stored_key'), keyIn(answer, 'server_key')];
  if (storedKey === undefined || serverKey === undefined || typeof salt !== 'string') return undefined;
  if (typeof iterations !== 'number' || (kdf !== 'pbkdf2' && kdf !== 'argon2id13')) return undefined;
  if (memory !== null && typeof memory !== 'number') return undefined;
  return new WampScram({ kdf, iterations, memory, salt, storedKey, serverKey });
}

function keyIn(answer: Dict, name: string): Buffer | undefined {
  const text = answer[name];
  const key = typeof text === 'string' ? Buffer.from(text, 'base64') : undefined;
  return key?.length === 32 ? key : undefined;
}
