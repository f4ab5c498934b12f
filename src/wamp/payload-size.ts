import { isDict } from './dict.ts';
import type { Payload } from './payload.ts';

/** Deeper than this nothing is counted: what a message may hold ends before, and a cycle has to end somewhere. */
const MAX_DEPTH = 256;

/** Bytes of memory that keeping `payload` takes: exact where it came encoded, else near enough to bound what is kept. */
export function payloadSize(payload: Payload): number {
  if (payload.count === 0) return 0;
  if (payload.source !== undefined) return payload.itemsIn(payload.source).byteLength;
  return valueSize(payload.args) + valueSize(payload.kwargs);
}

/** As `payloadSize`, for a value. */
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
