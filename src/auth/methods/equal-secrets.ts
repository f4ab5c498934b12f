import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

const key = randomBytes(32);

/** Whether two texts are the same, in a time that tells nothing of where they differ, nor of how long they are. */
export function equalSecrets(one: string | Uint8Array, other: string | Uint8Array): boolean {
  return timingSafeEqual(digest(one), digest(other));
}

function digest(text: string | Uint8Array): Buffer {
  return createHmac('sha256', key).update(text).digest();
}
