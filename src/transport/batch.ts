import { ProtocolViolation } from '../wamp/errors.ts';

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

/**
 * Hands out the messages of a batch, in order, as views of it. Throws `ProtocolViolation` for one that is empty or
 * ends in the middle of a message; those before have been handed out by then.
 */
export function splitBatch(batch: Uint8Array, binary: boolean, emit: (message: Uint8Array) => void): void {
  if (batch.length === 0) throw new ProtocolViolation('batch without a message');
  let at = 0;
  while (at < batch.length) {
    const start = binary ? at + LENGTH_BYTES : at;
    const end = binary ? start + lengthAt(batch, at) : batch.indexOf(SEPARATOR, start);
    if (end < 0) throw new ProtocolViolation('batch whose last message is not followed by 0x1E');
    if (end > batch.length) throw new ProtocolViolation('batch that ends within a message');
    emit(batch.subarray(start, end));
    at = binary ? end : end + 1;
  }
}

/** Where fewer than four octets are left, a length that no batch has room for. */
function lengthAt(batch: Uint8Array, at: number): number {
  if (at + LENGTH_BYTES > batch.length) return Number.POSITIVE_INFINITY;
  return new DataView(batch.buffer, batch.byteOffset + at, LENGTH_BYTES).getUint32(0);
}
