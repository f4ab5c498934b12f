/**
 * Characters that a terminal or a reader of a log obeys or does not see: controls (C0, DEL, C1), formats (bidi, zero width,
 * tags), line and paragraph separators, and surrogates without their other half.
 */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/** The same, and code points that mean nothing: private or unassigned. */
const NOT_PLAIN = /[\p{C}\p{Zl}\p{Zp}]/u;

/** Writes every unsafe character as JSON escapes it (`\u202e`), so that JSON stays the same JSON. */
export function escapeUnsafe(text: string): string {
  return text.replace(UNSAFE, escaped);
}

/** Whether a name has nothing in it that would have to be escaped when it is shown. */
export function isPlainText(text: string): boolean {
  return !NOT_PLAIN.test(text);
}

function escaped(character: string): string {
  return Array.from({ length: character.length }, (_, at) => escapedUnit(character.charCodeAt(at))).join('');
}

function escapedUnit(unit: number): string {
  return `\\u${unit.toString(16).padStart(4, '0')}`;
}
