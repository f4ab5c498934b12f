import { argon2idAsync } from '@noble/hashes/argon2.js';
import { base64Of, bytesOfBase64 } from '../../codec/bytes/base64.ts';
import type { ChannelBinding } from '../../link/link.ts';
import type { Dict } from '../../wamp/dict.ts';
import { saslprep } from '../../wamp/login/saslprep.ts';
import { scramAuthMessage, scramChannelHeader } from '../../wamp/login/scram-message.ts';
import { hmacSha256, pbkdf2Sha256, sha256, utf8 } from './digest.ts';
import { type Login, type LoginAttempt, numberIn, textIn } from './login.ts';

export interface ScramLoginOptions {
  /** Binds the login to the TLS connection. Only possible if the link knows the binding; browsers do not expose it. */
  readonly channelBinding?: ChannelBinding;
}

/**
 * A router that asks for fewer may want to guess the password. One that asks for more may want to keep the client busy.
 */
const PBKDF2_ITERATIONS = { min: 4096, max: 10_000_000 };
const ARGON2_ITERATIONS = { min: 1, max: 1000 };
const ARGON2_MEMORY = { min: 1024, max: 1024 * 1024 };

/** WAMP-SCRAM: the password is never sent, and the router proves that it knows it. [advanced/authentication_scram] */
export function scramLogin(password: string, options: ScramLoginOptions = {}): Login {
  return {
    method: 'wamp-scram',
    begin({ authid, link }) {
      const { channelBinding: binding } = options;
      const channel = binding === undefined ? new Uint8Array(0) : link.info.channelBinding?.(binding);
      if (channel === undefined) throw new Error(`the connection does not support the channel binding ${binding}`);
      return new ScramAttempt(authid ?? '', password, binding, channel);
    },
  };
}

class ScramAttempt implements LoginAttempt {
  readonly authextra: Dict;
  readonly #authid: string;
  readonly #password: string;
  readonly #binding: ChannelBinding | undefined;
  readonly #channel: Uint8Array;
  readonly #nonce = base64Of(crypto.getRandomValues(new Uint8Array(16)));
  #verifier: string | undefined;

  constructor(authid: string, password: string, binding: ChannelBinding | undefined, channel: Uint8Array) {
    this.#authid = authid;
    this.#password = password;
    this.#binding = binding;
    this.#channel = channel;
    this.authextra = { nonce: this.#nonce, channel_binding: binding ?? null };
  }

  async answer(extra: Dict) {
    const [nonce, salt] = [textIn(extra, 'nonce'), textIn(extra, 'salt')];
    if (!nonce.startsWith(this.#nonce) || nonce === this.#nonce)
      throw new Error('the nonce in CHALLENGE does not begin with the nonce of this attempt');
    const salted = await this.#derive(salt, extra);
    const header = utf8(scramChannelHeader(this.#binding));
    const message = scramAuthMessage({
      ...{ authid: this.#authid, clientNonce: this.#nonce, nonce, salt },
      iterations: numberIn(extra, 'iterations', 1, PBKDF2_ITERATIONS.max),
      channel: base64Of(Uint8Array.of(...header, ...this.#channel)),
    });
    const clientKey = hmacSha256(salted, 'Client Key');
    const signature = hmacSha256(sha256(clientKey), message);
    const proof = clientKey.map((octet, index) => octet ^ (signature[index] ?? 0));
    this.#verifier = base64Of(hmacSha256(hmacSha256(salted, 'Server Key'), message));
    const bound = this.#binding === undefined ? null : base64Of(this.#channel);
    return {
      signature: base64Of(proof),
      extra: { nonce, channel_binding: this.#binding ?? null, cbind_data: bound },
    };
  }

  verify(extra: Dict): void {
    const { verifier } = extra;
    // The specification's text sends the bare verifier, its example has the prefix of RFC 5802.
    const given = typeof verifier === 'string' ? verifier.replace(/^v=/, '') : undefined;
    if (this.#verifier === undefined || given !== this.#verifier) {
      throw new Error('the router does not prove that it knows the password');
    }
  }

  #derive(salt: string, extra: Dict): Promise<Uint8Array> {
    const password = saslprep(this.#password);
    const octets = bytesOfBase64(salt);
    if (password === undefined || octets === undefined)
      throw new Error('the password is not valid in SASLprep, or the salt is not valid base64');
    if (extra['kdf'] === 'pbkdf2') {
      const iterations = numberIn(extra, 'iterations', PBKDF2_ITERATIONS.min, PBKDF2_ITERATIONS.max);
      return pbkdf2Sha256(password, octets, iterations, 32);
    }
    if (extra['kdf'] !== 'argon2id13') throw new Error('CHALLENGE.Extra.kdf must be pbkdf2 or argon2id13');
    const t = numberIn(extra, 'iterations', ARGON2_ITERATIONS.min, ARGON2_ITERATIONS.max);
    const m = numberIn(extra, 'memory', ARGON2_MEMORY.min, ARGON2_MEMORY.max);
    return argon2idAsync(password, octets, { t, m, p: 1, dkLen: 32 });
  }
}
