import type { ItemSource, PayloadCount, PayloadFormat } from '../../wamp/payload.ts';
import { KeyMerger } from './key-merger.ts';

/**
 * Counts what walks without a sink have met that is well-formed but must not be sent on as it came. A payload with any of
 * it is written anew, so that every serializer says the same:
 *
 * - text that begins with U+0000, which JSON cannot say: there it is binary [advanced/serialization_binary_json];
 * - Base64 without its padding, which common decoders refuse;
 * - a key that comes twice, which makes a map invalid [RFC 8949, section 5.3.1];
 * - strings in chunks, and tags that make decoders act on their content.
 */
export const unfit = { seen: 0 };

/** `items`, well-formed; written anew if the walk over them has counted something since `unfit.seen` was `before`. */
export function fitItems(format: PayloadFormat, items: Uint8Array, count: PayloadCount, before: number): Uint8Array {
  return unfit.seen === before ? items : format.transcode(items, count, mergedKeys(format));
}

/** What `format` feeds, with one pair for each key of a dictionary. */
function mergedKeys(format: PayloadFormat): ItemSource {
  return {
    feed(items, count, sink) {
      const merger = new KeyMerger();
      format.feed(items, count, merger);
      merger.feed(sink);
    },
  };
}
