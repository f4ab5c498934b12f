import { isDict } from './dict.ts';
import type { Payload } from './payload.ts';

/** Deeper levels are not counted. No message nests deeper, and a value with a cycle needs a limit. */
const MAX_DEPTH = 256;

/**
 * The bytes of memory that `payload` needs: exact if it arrived encoded, otherwise an estimate for the limits of
 * memory.
 */
export function payloadSize(payload: Payload): number {
  if (payload.count === 0) return 0;
  if (payload.source !== undefined) return payload.itemsIn(payload.source).byteLength;
  return valueSize(payload.args) + valueSize(payload.kwargs);
}

/** Estimates the bytes of memory that a value needs, such as the details of a message. */
export function valueSize(value: unknown, depth = 0): number {
  if (typeof value === 'string') return 8 + value.length;
  if (ArrayBuffer.isView(value)) return 8 + value.byteLength;
  if (depth >= MAX_DEPTH) return 8;
  if (Array.isArray(value)) return value.reduce<number>((sum, item) => sum + valueSize(item, depth + 1), 8);
  if (!isDict(value)) return 8;
  let sum = 8;
  for (const [key, item] of Object.entries(value)) sum += key.length + valueSize(item, depth + 1);
  return sum;
}
