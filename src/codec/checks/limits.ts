/**
 * How deep lists, dictionaries and tags may nest within one element of a message. Deeper nesting is a protocol
 * violation if it comes from a peer, and an invalid argument if it comes from this program. So every walk may recurse.
 */
export const MAX_DEPTH = 256;

/**
 * The longest integer that is kept exactly, in bytes and in decimal digits. The time for converting it grows faster
 * than its length, so a peer must not choose the length. A longer JSON integer is a float, as in JSON.parse. A longer
 * CBOR bignum is rejected.
 */
export const MAX_INTEGER_BYTES = 1024;
export const MAX_INTEGER_DIGITS = 2466;
