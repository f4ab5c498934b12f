/** About the bytes that a value takes: what of a message is not its payload, where it has to count against a bound. */
export function roughSize(value: unknown): number {
  if (typeof value === 'string') return value.length + 2;
  if (typeof value !== 'object' || value === null) return 8;
  if (value instanceof Uint8Array) return value.byteLength + 2;
  let size = 2;
  if (Array.isArray(value)) for (const item of value) size += roughSize(item);
  else for (const [key, item] of Object.entries(value)) size += key.length + 2 + roughSize(item);
  return size;
}
