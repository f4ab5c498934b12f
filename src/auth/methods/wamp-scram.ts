import { createHash, createHmac, pbkdf2Sync, randomBytes, timingSafeEqual } from 'node:crypto';
import { argon2id } from '@noble/hashes/argon2.js';
import type { LinkInfo } from '../../link/link.ts';
import { ErrorUri } from '../../wamp/errors.ts';
import { saslprep } from '../../wamp/login/saslprep.ts';
import { scramAuthMessage, scramChannelHeader } from '../../wamp/login/scram-message.ts';
import type { AuthenticateMessage } from '../../wamp/messages/messages.ts';
import {
  type Attempt,
  type AuthVerdict,
  type Credential,
  type DeriveOctets,
  type MethodRefusal,
  type Question,
  WRONG,
} from './credential.ts';

/** How keys are derived from a password. [advanced/authentication_scram: Key Derivation Functions] */
export interface ScramCost {
  readonly kdf: 'pbkdf2' | 'argon2id13';
  readonly iterations: number;
  /** Kibibytes; null for pbkdf2. */
  readonly memory: number | null;
}

export interface ScramKeys extends ScramCost {
  /** Base64. */
  readonly salt: string;
  readonly storedKey: Buffer;
  readonly serverKey: Buffer;
}

const KEY_OCTETS = 32;
const NONCE_OCTETS = 16;

/** Base64 with padding, of bounded length. */
const nonceFormat = /^(?=.{8,256}$)([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

const bindings = ['tls-unique', 'tls-exporter'] as const;

/** A password of which the router stores only the keys that verify it. [advanced/authentication_scram] */
export class WampScram implements Credential {
  readonly method = 'wamp-scram';
  readonly shape: string;
  readonly #keys: ScramKeys;

  constructor(keys: ScramKeys) {
    this.#keys = keys;
    this.shape = `wamp-scram ${keys.kdf} ${keys.iterations} ${keys.memory} ${keys.salt.length}`;
  }

  question({ request, authid, extra }: Attempt): Question | MethodRefusal {
    const clientNonce = extra['nonce'];
    if (typeof clientNonce !== 'string' || !nonceFormat.test(clientNonce)) {
      return { abort: ErrorUri.InvalidArgument, message: 'HELLO.Details.authextra.nonce must be base64' };
    }
    const binding = extra['channel_binding'] ?? undefined;
    const channelData = binding === undefined ? undefined : channelOf(binding, request.link);
    if (binding !== undefined && channelData === undefined) {
      return {
        abort: ErrorUri.FeatureNotSupported,
        message: 'this channel binding is not available on this connection',
      };
    }
    const { salt, kdf, iterations, memory } = this.#keys;
    const nonce = clientNonce + randomBytes(NONCE_OCTETS).toString('base64');
    const check = ({ signature, extra: answer }: AuthenticateMessage): AuthVerdict => {
      if (answer['nonce'] !== nonce || (answer['channel_binding'] ?? undefined) !== binding) return WRONG;
      const header = Buffer.from(scramChannelHeader(typeof binding === 'string' ? binding : undefined));
      const data = channelData ?? Buffer.alloc(0);
      if ((answer['cbind_data'] ?? '') !== Buffer.from(data).toString('base64')) return WRONG;
      const channel = Buffer.concat([header, data]).toString('base64');
      return this.#judge(signature, scramAuthMessage({ authid, clientNonce, nonce, salt, iterations, channel }));
    };
    return { extra: { nonce, salt, kdf, iterations, memory }, check };
  }

  decoy(derive: DeriveOctets): Credential {
    const salt = derive('salt', Buffer.from(this.#keys.salt, 'base64').length).toString('base64');
    const [storedKey, serverKey] = [derive('stored', KEY_OCTETS), derive('server', KEY_OCTETS)];
    return new WampScram({ ...this.#keys, salt, storedKey, serverKey });
  }

  #judge(proof: string, authMessage: string): AuthVerdict {
    const { storedKey, serverKey } = this.#keys;
    const received = Buffer.from(proof, 'base64');
    // Only the canonical base64 of a proof is accepted.
    if (received.length !== KEY_OCTETS || received.toString('base64') !== proof) return WRONG;
    const clientSignature = hmac(storedKey, authMessage);
    const clientKey = Buffer.from(received.map((octet, index) => octet ^ (clientSignature[index] ?? 0)));
    if (!timingSafeEqual(createHash('sha256').update(clientKey).digest(), storedKey)) return WRONG;
    return { right: true, extra: { verifier: hmac(serverKey, authMessage).toString('base64') } };
  }
}

/** Derives the keys to store for a password. Throws `RangeError` if SASLprep prohibits a character of the password. */
export function scramKeys(password: string, salt: Buffer, cost: ScramCost): ScramKeys {
  const normal = saslprep(password);
  if (normal === undefined) throw new RangeError('the password contains characters that are not allowed in passwords');
  const { kdf, iterations, memory } = cost;
  const salted =
    kdf === 'pbkdf2'
      ? pbkdf2Sync(normal, salt, iterations, KEY_OCTETS, 'sha256')
      : argon2id(Buffer.from(normal), salt, { t: iterations, m: memory ?? 8, p: 1, dkLen: KEY_OCTETS });
  const storedKey = createHash('sha256').update(hmac(salted, 'Client Key')).digest();
  return { kdf, iterations, memory, salt: salt.toString('base64'), storedKey, serverKey: hmac(salted, 'Server Key') };
}

/** The channel binding data. Undefined if the link has none. [advanced/authentication_scram: Channel Binding] */
function channelOf(binding: unknown, { channelBinding }: LinkInfo): Uint8Array | undefined {
  const known = bindings.find(name => name === binding);
  return known === undefined ? undefined : channelBinding?.(known);
}

function hmac(key: Uint8Array, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}
