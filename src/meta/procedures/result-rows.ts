import type { Dict } from '../../wamp/dict.ts';
import { EMPTY_DICT } from '../../wamp/dict.ts';
import { Payload, type PayloadFormat } from '../../wamp/payload.ts';

/**
 * The arguments of a long answer. Each is encoded in the caller's format when it is added, so that the whole answer is
 * not encoded in one turn.
 */
export class ResultRows {
  readonly #format: PayloadFormat | undefined;
  readonly #values: unknown[] = [];
  readonly #encoded: Uint8Array[] = [];

  /** `format`: undefined if the caller is within this process and receives values. */
  constructor(format: PayloadFormat | undefined) {
    this.#format = format;
  }

  /** Adds an argument. Returns its size in bytes, if it was encoded. */
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
