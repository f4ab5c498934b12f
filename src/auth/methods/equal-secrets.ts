import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

const key = randomBytes(32);

/** Compares two texts in a time that depends neither on where they differ nor on their lengths. */
export function equalSecrets(one: string | Uint8Array, other: string | Uint8Array): boolean {
  return timingSafeEqual(digest(one), digest(other));
}

function digest(text: string | Uint8Array): Buffer {
  return createHmac('sha256', key).update(text).digest();
}
