import type { Codec } from '../codec/codec.ts';

/**
 * The codec of the first subprotocol in a client's list that we speak. The header may have come more than once, in
 * which case the values stand here joined by commas, in order. [RFC6455-4.2.2]
 */
export function chooseSubprotocol(header: string | undefined, codecs: readonly Codec[]): Codec | undefined {
  for (const offered of (header ?? '').split(',')) {
    const name = offered.trim();
    const codec = codecs.find(({ subprotocol }) => subprotocol === name);
    if (codec !== undefined) return codec;
  }
  return undefined;
}
