import type { ItemSource, PayloadCount, PayloadFormat } from '../../wamp/payload.ts';
import { KeyMerger } from './key-merger.ts';

/**
 * Counts content that is well-formed but must not be sent on unchanged. Walks without a sink count it. A payload with
 * any of it is rewritten, so that it means the same in every serializer:
 *
 * - text that begins with U+0000: in JSON that is binary data [advanced/serialization_binary_json];
 * - Base64 without padding, which common decoders reject;
 * - a duplicate key, which makes a map invalid [RFC 8949, section 5.3.1];
 * - strings in chunks, and tags that make decoders act on their content.
 *
 * It is one counter of the module, because a dozen functions would pass a parameter on without using it. Decoding is
 * synchronous, so walks do not interleave. A reader compares the count before and after its walk.
 */
export const unfit = { seen: 0 };

/**
 * Well-formed `items`. They are rewritten if the walk over them has counted anything since `unfit.seen` was `before`.
 */
export function fitItems(format: PayloadFormat, items: Uint8Array, count: PayloadCount, before: number): Uint8Array {
  return unfit.seen === before ? items : format.transcode(items, count, mergedKeys(format));
}

/** The items of `format`, with one pair for each key of a dictionary. */
function mergedKeys(format: PayloadFormat): ItemSource {
  return {
    feed(items, count, sink) {
      const merger = new KeyMerger();
      format.feed(items, count, merger);
      merger.feed(sink);
    },
  };
}
