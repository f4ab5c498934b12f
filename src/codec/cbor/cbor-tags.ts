import { exact, readFloat32, readFloat64 } from '../bytes/big-endian.ts';
import { decodeUtf8 } from '../bytes/utf8.ts';

// Decoders act on most tags: they rebuild classes, compile patterns, follow references, and fail on content that is not
// valid. No publisher may do that to a subscriber. So only tags in common use whose content is checked here are sent
// on.

/** The syntax of RFC 3339. `Date.parse` then checks the ranges. */
const dateTime = /^(\d{4})-\d\d-\d\dT([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,9})?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$/;

/** Seconds from 1970 to the beginning of year 1 and the end of year 9999, which decoders can hold. */
const FIRST_SECOND = -62_135_596_800;
const LAST_SECOND = 253_402_300_799;

/** Bytes of one element of a typed array, by the lower bits of the tag. [RFC 8746, section 2.1] */
const elementSizes = [1, 2, 4, 8, 1, 2, 4, 8, 1, 2, 4, 8, 0, 2, 4, 8, 2, 4, 8, 16, 2, 4, 8, 16];

/** Whether `tag` may be sent on with the well-formed item from `start` to `end`. */
export function tagFits(tag: number, bytes: Uint8Array, start: number, end: number): boolean {
  const initial = bytes[start] ?? 0;
  const major = initial >> 5;
  if (tag === 0) return major === 3 && initial < 0x78 && isDateTime(decodeUtf8(bytes, start + 1, end));
  if (tag === 1) return isTime(bytes, start);
  // Definite strings only: 24 is encoded CBOR, 32 a URI, 37 a UUID.
  if (tag === 24) return major === 2 && initial !== 0x5f;
  if (tag === 32) return major === 3 && initial !== 0x7f;
  if (tag === 37) return initial === 0x50;
  if (tag < 64 || tag > 87 || major !== 2 || initial === 0x5f) return false;
  const size = elementSizes[tag - 64] ?? 0;
  const head = initial < 0x58 ? 1 : 1 + (1 << (initial - 0x58));
  return size > 0 && (end - start - head) % size === 0;
}

function isDateTime(text: string): boolean {
  if (!dateTime.test(text) || text.startsWith('0000')) return false;
  // `Date.parse` accepts 31 February as 3 March.
  const day = Date.parse(`${text.slice(0, 10)}T00:00:00Z`);
  return !Number.isNaN(day) && new Date(day).toISOString().startsWith(text.slice(0, 10));
}

/** Whether a number of seconds between the years 1 and 9999 begins at `start`. */
function isTime(bytes: Uint8Array, start: number): boolean {
  const initial = bytes[start] ?? 0;
  if (initial === 0xfa || initial === 0xfb) {
    const seconds = initial === 0xfa ? readFloat32(bytes, start + 1) : readFloat64(bytes, start + 1);
    return seconds >= FIRST_SECOND && seconds <= LAST_SECOND;
  }
  // All integers of up to 32 bits are in the range, negative ones (-1 - n) included.
  return initial <= 0x1a || (initial >= 0x20 && initial <= 0x3a);
}

/** The integer in the bytes of a bignum: n, or -1 - n. [RFC 8949, section 3.4.3] */
export function bigInteger(bytes: Uint8Array, negative: boolean): number | bigint {
  let hex = '0x0';
  for (const byte of bytes) hex += byte.toString(16).padStart(2, '0');
  const value = BigInt(hex);
  return exact(negative ? -1n - value : value);
}
