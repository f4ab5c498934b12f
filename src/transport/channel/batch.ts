import { ProtocolViolation } from '../../wamp/errors.ts';

// [advanced/transport_batched_websocket] Several WAMP messages in one message of the transport: JSON texts each
// followed by the octet 0x1E, binary ones each preceded by their length in 32 bits, big-endian. Never none.

const SEPARATOR = 0x1e;
const LENGTH_BYTES = 4;

/** What a message in a batch takes beside its own bytes, at most. */
export const BATCH_OVERHEAD = LENGTH_BYTES;

/** One batch of `messages`, of which there is at least one. */
export function joinBatch(messages: readonly Uint8Array[], binary: boolean): Uint8Array {
  const overhead = binary ? LENGTH_BYTES : 1;
  const batch = Buffer.allocUnsafe(messages.reduce((bytes, message) => bytes + message.length + overhead, 0));
  let at = 0;
  for (const message of messages) {
    if (binary) at = batch.writeUInt32BE(message.length, at);
    batch.set(message, at);
    at += message.length;
    // No JSON text contains this octet: in strings, control characters are escaped.
    if (!binary) batch[at++] = SEPARATOR;
  }
  return batch;
}

/** Hands out the messages of a batch one by one, in order, as views of it. */
export class BatchReader {
  readonly #batch: Uint8Array;
  readonly #binary: boolean;
  #at = 0;

  /** `binary`: whether messages have a length before them, or 0x1E after. */
  constructor(batch: Uint8Array, binary: boolean) {
    this.#batch = batch;
    this.#binary = binary;
  }

  /** Whether every message has been handed out; a batch without a message is refused by `next`. */
  get done(): boolean {
    return this.#at >= this.#batch.length && this.#at > 0;
  }

  /** The next message. Throws `ProtocolViolation` for a batch that is empty or ends in the middle of a message. */
  next(): Uint8Array {
    const batch = this.#batch;
    const binary = this.#binary;
    if (batch.length === 0) throw new ProtocolViolation('batch without a message');
    const start = binary ? this.#at + LENGTH_BYTES : this.#at;
    const end = binary ? start + lengthAt(batch, this.#at) : batch.indexOf(SEPARATOR, start);
    if (end < 0) throw new ProtocolViolation('batch whose last message is not followed by 0x1E');
    if (end > batch.length) throw new ProtocolViolation('batch that ends within a message');
    this.#at = binary ? end : end + 1;
    return batch.subarray(start, end);
  }
}

/** Where fewer than four octets are left, a length that no batch has room for. */
function lengthAt(batch: Uint8Array, at: number): number {
  if (at + LENGTH_BYTES > batch.length) return Number.POSITIVE_INFINITY;
  return new DataView(batch.buffer, batch.byteOffset + at, LENGTH_BYTES).getUint32(0);
}
