import { ed25519 } from '@noble/curves/ed25519.js';
import type { ChannelBinding } from '../../link/link.ts';
import { sha256 } from './digest.ts';
import { type Login, textIn } from './login.ts';

export interface SignLoginOptions {
  /** Binds the login to the TLS connection. Only possible if the link knows the binding; browsers do not expose it. */
  readonly channelBinding?: ChannelBinding;
}

/** Cryptosign: an Ed25519 private key, 32 octets in hexadecimal. [advanced/authentication_cryptosign] */
export function signLogin(privateKey: string, { channelBinding: binding }: SignLoginOptions = {}): Login {
  const key = octetsOf(privateKey);
  const pubkey = hexOf(ed25519.getPublicKey(key));
  return {
    method: 'cryptosign',
    begin({ link }) {
      const data = binding === undefined ? undefined : link.info.channelBinding?.(binding);
      if (binding !== undefined && data === undefined)
        throw new Error(`the connection does not support the channel binding ${binding}`);
      const channel = data !== undefined && binding === 'tls-unique' ? sha256(data) : data;
      return {
        authextra: { pubkey, ...(binding !== undefined && { channel_binding: binding }) },
        answer(extra) {
          // A router that ignores the requested channel binding may be a man in the middle.
          if ((extra['channel_binding'] ?? undefined) !== binding)
            throw new Error('the router did not accept the requested channel binding');
          const challenge = octetsOf(textIn(extra, 'challenge'));
          const message = challenge.map((octet, index) => octet ^ (channel?.[index] ?? 0));
          return hexOf(ed25519.sign(message, key)) + hexOf(message);
        },
      };
    },
  };
}

function octetsOf(hex: string): Uint8Array {
  if (!/^[0-9a-fA-F]{64}$/.test(hex)) throw new Error('expected 32 octets in hexadecimal (64 digits)');
  return Uint8Array.from({ length: 32 }, (_, index) => Number.parseInt(hex.slice(index * 2, index * 2 + 2), 16));
}

function hexOf(octets: Uint8Array): string {
  return Array.from(octets, octet => octet.toString(16).padStart(2, '0')).join('');
}
