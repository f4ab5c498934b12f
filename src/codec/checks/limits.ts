/**
 * How deep lists, dictionaries and tags may nest within one element of a message. Deeper is a violation when it comes
 * from a peer and an invalid argument when it comes from our own side; so every walk may recurse.
 */
export const MAX_DEPTH = 256;

/**
 * The longest integer that is kept exact, in bytes and in decimal digits. Converting between the two takes time that
 * grows faster than the length, so a peer does not get to choose it. JSON digits beyond are a float, as they are to
 * JSON.parse; a longer CBOR bignum is refused.
 */
export const MAX_INTEGER_BYTES = 1024;
export const MAX_INTEGER_DIGITS = 2466;
