import type { PayloadCount, PayloadValues } from '../../wamp/payload.ts';
import { BinaryItems, type ItemWriterOn } from '../binary/binary-items.ts';
import { encodePlain } from './cbor-plain.ts';
import { walkCbor } from './cbor-walk.ts';
import { CborWriter } from './cbor-writer.ts';

export const cborWriterOn: ItemWriterOn = out => new CborWriter(out);

class CborItems extends BinaryItems {
  override encode(values: PayloadValues, count: PayloadCount): Uint8Array {
    return encodePlain(values, count) ?? super.encode(values, count);
  }
}

/** Payload items as consecutive CBOR items. */
export const cborItems = new CborItems('cbor', 1, walkCbor, cborWriterOn);
