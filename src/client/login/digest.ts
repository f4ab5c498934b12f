import { hmac } from '@noble/hashes/hmac.js';
import { pbkdf2Async } from '@noble/hashes/pbkdf2.js';
import { sha256 } from '@noble/hashes/sha2.js';

// Browsers offer Web Crypto only to pages served by HTTPS, and a gateway at home often has no certificate.

export { sha256 };

export function hmacSha256(key: Uint8Array, text: string): Uint8Array {
  return hmac(sha256, key, utf8(text));
}

/** Texts are encoded as UTF-8; octets are used unchanged. */
export function pbkdf2Sha256(
  password: string,
  salt: string | Uint8Array,
  iterations: number,
  octets: number,
): Promise<Uint8Array> {
  return pbkdf2Async(sha256, password, salt, { c: iterations, dkLen: octets });
}

export function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
