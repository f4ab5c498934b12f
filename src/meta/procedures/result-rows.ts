import type { Dict } from '../../wamp/dict.ts';
import { EMPTY_DICT } from '../../wamp/dict.ts';
import { Payload, type PayloadFormat } from '../../wamp/payload.ts';

/**
 * The arguments of a long answer. Each is encoded when it is added, in the caller's format, so that the answer is not
 * encoded as a whole within one turn.
 */
export class ResultRows {
  readonly #format: PayloadFormat | undefined;
  readonly #values: unknown[] = [];
  readonly #encoded: Uint8Array[] = [];

  /** `format`: undefined where the caller is a part of this process, and takes the values as they are. */
  constructor(format: PayloadFormat | undefined) {
    this.#format = format;
  }

  /** Adds an argument; returns how many bytes it takes, as far as it was encoded. */
  add(row: unknown): number {
    if (this.#format === undefined) {
      this.#values.push(row);
      return 0;
    }
    const encoded = this.#format.encode({ args: [row], kwargs: EMPTY_DICT }, 1);
    this.#encoded.push(encoded);
    return encoded.length;
  }

  payload(kwargs: Dict): Payload {
    if (this.#format === undefined) return Payload.of(this.#values, kwargs);
    if (this.#encoded.length === 0) return Payload.of([], kwargs);
    const count = Object.keys(kwargs).length > 0 ? 2 : 1;
    return Payload.encoded(this.#format, this.#format.join(this.#encoded, kwargs, count), count);
  }
}
