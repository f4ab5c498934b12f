import { ProtocolViolation } from '../../wamp/errors.ts';

// [advanced/transport_batched_websocket] A batch is one message of the transport with one or more WAMP messages. The
// octet 0x1E follows each JSON message. The length in 32 bits, big-endian, precedes each binary message.

const SEPARATOR = 0x1e;
const LENGTH_BYTES = 4;

/** The largest overhead of a message in a batch, in bytes. */
export const BATCH_OVERHEAD = LENGTH_BYTES;

/** Makes one batch of one or more messages. */
export function joinBatch(messages: readonly Uint8Array[], binary: boolean): Uint8Array {
  const overhead = binary ? LENGTH_BYTES : 1;
  const batch = Buffer.allocUnsafe(messages.reduce((bytes, message) => bytes + message.length + overhead, 0));
  let at = 0;
  for (const message of messages) {
    if (binary) at = batch.writeUInt32BE(message.length, at);
    batch.set(message, at);
    at += message.length;
    // JSON text never contains this octet, because control characters are escaped in strings.
    if (!binary) batch[at++] = SEPARATOR;
  }
  return batch;
}

/** Reads the messages of a batch one by one, in order, as views of the batch. */
export class BatchReader {
  readonly #batch: Uint8Array;
  readonly #binary: boolean;
  #at = 0;

  /** `binary`: whether a length precedes each message, or 0x1E follows it. */
  constructor(batch: Uint8Array, binary: boolean) {
    this.#batch = batch;
    this.#binary = binary;
  }

  /** Whether every message has been read. False for an empty batch, which `next` rejects. */
  get done(): boolean {
    return this.#at >= this.#batch.length && this.#at > 0;
  }

  /** The next message. Throws `ProtocolViolation` if the batch is empty or ends within a message. */
  next(): Uint8Array {
    const batch = this.#batch;
    const binary = this.#binary;
    if (batch.length === 0) throw new ProtocolViolation('batch is empty');
    const start = binary ? this.#at + LENGTH_BYTES : this.#at;
    const end = binary ? start + lengthAt(batch, this.#at) : batch.indexOf(SEPARATOR, start);
    if (end < 0) throw new ProtocolViolation('batch does not end with 0x1E');
    if (end > batch.length) throw new ProtocolViolation('batch ends within a message');
    this.#at = binary ? end : end + 1;
    return batch.subarray(start, end);
  }
}

/** The length at `at`. Infinity, which no batch can contain, if fewer than four octets are left. */
function lengthAt(batch: Uint8Array, at: number): number {
  if (at + LENGTH_BYTES > batch.length) return Number.POSITIVE_INFINITY;
  return new DataView(batch.buffer, batch.byteOffset + at, LENGTH_BYTES).getUint32(0);
}
