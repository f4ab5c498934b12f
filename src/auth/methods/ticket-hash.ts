import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';

/** Cost, block size and parallelism of scrypt: about 50 ms and 16 MiB on a small computer. */
const COST = { N: 2 ** 14, r: 8, p: 1 };
/** Upper bounds for a stored hash, which another program may have written. */
const MAX_N = 2 ** 20;
const MAX_MEMORY = 256 * 1024 * 1024;
const HASH_OCTETS = 32;

const format =
  /^scrypt\$(\d{1,8})\$(\d{1,3})\$(\d{1,3})\$([A-Za-z0-9+/]{16,172}={0,2})\$([A-Za-z0-9+/]{22,172}={0,2})$/;

/** The stored form of a ticket: scrypt's parameters, salt and hash. */
export interface TicketHash {
  readonly cost: number;
  readonly blockSize: number;
  readonly parallelization: number;
  readonly salt: Buffer;
  readonly hash: Buffer;
}

/** Parses `scrypt$16384$8$1$SALT$HASH`. Returns undefined if the text is not valid or its cost exceeds the bounds. */
export function parseTicketHash(text: string): TicketHash | undefined {
  const [, n = '', r = '', p = '', salt = '', hash = ''] = format.exec(text) ?? [];
  const [cost, blockSize, parallelization] = [Number(n), Number(r), Number(p)];
  if (cost < 2 || cost > MAX_N || (cost & (cost - 1)) !== 0 || blockSize < 1 || parallelization < 1) return undefined;
  if (128 * cost * blockSize * parallelization > MAX_MEMORY) return undefined;
  return { cost, blockSize, parallelization, salt: Buffer.from(salt, 'base64'), hash: Buffer.from(hash, 'base64') };
}

/** Returns the text to store for a ticket. */
export async function hashTicket(ticket: string): Promise<string> {
  const salt = randomBytes(16);
  const { N, r, p } = COST;
  const hash = await derive(ticket, {
    cost: N,
    blockSize: r,
    parallelization: p,
    salt,
    hash: Buffer.alloc(HASH_OCTETS),
  });
  return `scrypt$${N}$${r}$${p}$${salt.toString('base64')}$${hash.toString('base64')}`;
}

export async function matchesTicketHash(ticket: string, stored: TicketHash): Promise<boolean> {
  return timingSafeEqual(await derive(ticket, stored), stored.hash);
}

/** Runs in the thread pool, so it does not block the event loop. */
function derive(ticket: string, { cost, blockSize, parallelization, salt, hash }: TicketHash): Promise<Buffer> {
  const options = { cost, blockSize, parallelization, maxmem: MAX_MEMORY + 2 ** 20 };
  return new Promise((resolve, reject) => {
    scrypt(ticket, salt, hash.length, options, (error, key) => (error === null ? resolve(key) : reject(error)));
  });
}
