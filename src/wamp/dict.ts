/** Options, details and extras: string keys, values of any kind. Unknown keys are ignored. [basic/messages] */
export type Dict = Readonly<Record<string, unknown>>;

/** The empty dictionary, which most messages carry. Frozen, because messages share it. */
export const EMPTY_DICT: Dict = Object.freeze({});

/** Whether `value` is a dictionary (not null, not an array, not bytes). */
export function isDict(value: unknown): value is Dict {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value);
}
