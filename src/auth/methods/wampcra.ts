import { createHmac, pbkdf2Sync, randomBytes } from 'node:crypto';
import type { AuthenticateMessage } from '../../wamp/messages/messages.ts';
import type { Attempt, AuthVerdict, Credential, DeriveOctets, Question } from './credential.ts';
import { equalSecrets } from './equal-secrets.ts';

/** How a key was derived from a password. CHALLENGE contains it, so that the client can derive the same key. */
export interface CraSalt {
  readonly salt: string;
  readonly iterations: number;
  readonly keylen: number;
}

/** A shared secret that signs challenges. [advanced/authentication_cra] */
export class WampCra implements Credential {
  readonly method = 'wampcra';
  readonly shape: string;
  readonly #key: string;
  readonly #salt: CraSalt | undefined;

  /** `key`: the secret, or with `salt` the key derived from it, in base64. */
  constructor(key: string, salt?: CraSalt) {
    this.#key = key;
    this.#salt = salt;
    this.shape = salt === undefined ? 'wampcra' : `wampcra ${salt.iterations} ${salt.keylen} ${salt.salt.length}`;
  }

  question({ request, authid, authrole, authprovider, now }: Attempt): Question {
    const challenge = JSON.stringify({
      ...{ authid, authrole, authmethod: this.method, authprovider },
      nonce: randomBytes(32).toString('base64'),
      timestamp: new Date(now).toISOString(),
      session: request.session,
    });
    const salt = this.#salt;
    return {
      extra: salt === undefined ? { challenge } : { challenge, ...salt },
      check: ({ signature }: AuthenticateMessage): AuthVerdict => {
        // The signature covers the exact text that was sent.
        const expected = createHmac('sha256', this.#key).update(challenge).digest('base64');
        return { right: equalSecrets(expected, signature) };
      },
    };
  }

  decoy(derive: DeriveOctets): Credential {
    const key = derive('key', 32).toString('base64');
    if (this.#salt === undefined) return new WampCra(key);
    const { salt, iterations, keylen } = this.#salt;
    return new WampCra(key, {
      salt: derive('salt', salt.length).toString('base64').slice(0, salt.length),
      iterations,
      keylen,
    });
  }
}

/**
 * The key of a salted password, in base64: the shared secret of both sides. [advanced/authentication_cra: Password
 * Salting]
 */
export function deriveCraKey(password: string, { salt, iterations, keylen }: CraSalt): string {
  return pbkdf2Sync(password, salt, iterations, keylen, 'sha256').toString('base64');
}
