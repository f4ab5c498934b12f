import { createHash, createPublicKey, type KeyObject, randomBytes, verify } from 'node:crypto';
import type { LinkInfo } from '../../link/link.ts';
import type { AuthenticateMessage } from '../../wamp/messages/messages.ts';
import { type Attempt, type AuthVerdict, type Credential, type Question, WRONG } from './credential.ts';

const KEY_OCTETS = 32;
const SIGNATURE_OCTETS = 64;
const MESSAGE_OCTETS = 32;

/** DER prefix of an Ed25519 public key. The 32 octets of the key follow. [RFC8410] */
const SPKI_HEAD = Buffer.from('302a300506032b6570032100', 'hex');

/** Public keys. A signature by any of them is accepted. [advanced/authentication_cryptosign] */
export class Cryptosign implements Credential {
  readonly method = 'cryptosign';
  readonly shape = 'cryptosign';
  /** In lower-case hex. */
  readonly keys: ReadonlySet<string>;

  constructor(keys: Iterable<string>) {
    this.keys = new Set([...keys].map(key => key.toLowerCase()));
  }

  question({ request, extra }: Attempt): Question {
    const presented = publicKeyIn(extra) ?? this.#only();
    // The signature is verified for unknown keys too, so the time does not show whether a key is known.
    const key = presented === undefined ? undefined : ed25519Key(presented);
    const known = presented !== undefined && this.keys.has(presented);
    const challenge = randomBytes(MESSAGE_OCTETS);
    const binding = extra['channel_binding'];
    const channel = channelId(binding, request.link);
    const message = channel === undefined ? challenge : xor(challenge, channel);
    return {
      extra: { challenge: challenge.toString('hex'), channel_binding: channel === undefined ? null : binding },
      check: (answer: AuthenticateMessage): AuthVerdict => {
        const signed = hexOctets(answer.signature, SIGNATURE_OCTETS + MESSAGE_OCTETS);
        if (signed === undefined || key === undefined) return WRONG;
        // Reject a signature over any other text: it may be a replay from another session or router.
        if (!signed.subarray(SIGNATURE_OCTETS).equals(message)) return WRONG;
        const right = verify(null, message, key, signed.subarray(0, SIGNATURE_OCTETS));
        return { right: right && known };
      },
    };
  }

  decoy(): Credential {
    return new Cryptosign([]);
  }

  #only(): string | undefined {
    return this.keys.size === 1 ? [...this.keys][0] : undefined;
  }
}

/** HELLO.Details.authextra.pubkey, in lower case. */
export function publicKeyIn(extra: Attempt['extra']): string | undefined {
  const key = extra['pubkey'];
  return typeof key === 'string' && hexOctets(key, KEY_OCTETS) !== undefined ? key.toLowerCase() : undefined;
}

/** Whether `text` is a valid Ed25519 public key in hex. */
export function isPublicKey(text: string): boolean {
  return hexOctets(text, KEY_OCTETS) !== undefined && ed25519Key(text) !== undefined;
}

function ed25519Key(hex: string): KeyObject | undefined {
  try {
    const der = Buffer.concat([SPKI_HEAD, Buffer.from(hex, 'hex')]);
    return createPublicKey({ key: der, format: 'der', type: 'spki' });
  } catch {
    return undefined;
  }
}

function hexOctets(text: string, octets: number): Buffer | undefined {
  return text.length === octets * 2 && /^[0-9a-fA-F]+$/.test(text) ? Buffer.from(text, 'hex') : undefined;
}

/**
 * 32 octets that only the two ends of a TLS connection know. [advanced/authentication_cryptosign: TLS Channel Binding]
 */
function channelId(binding: unknown, { channelBinding }: LinkInfo): Uint8Array | undefined {
  // If the requested binding is not available, the router may continue without one. The client sees this in CHALLENGE.
  if (binding === 'tls-exporter') return channelBinding?.(binding);
  if (binding !== 'tls-unique') return undefined;
  const finished = channelBinding?.(binding);
  // The TLS Finished message is shorter than 32 octets. Existing clients hash it.
  return finished === undefined ? undefined : createHash('sha256').update(finished).digest();
}

function xor(one: Uint8Array, other: Uint8Array): Buffer {
  return Buffer.from(one.map((octet, index) => octet ^ (other[index] ?? 0)));
}
