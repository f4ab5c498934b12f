/**
 * Characters that a terminal interprets, or that are invisible in a log. These are controls (C0, DEL, C1), formats
 * (bidi, zero width, tags), line and paragraph separators, and lone surrogates.
 */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/** The same, and private or unassigned code points. */
const NOT_PLAIN = /[\p{C}\p{Zl}\p{Zp}]/u;

/** Escapes every unsafe character as in JSON (`\u202e`), so that JSON text keeps its meaning. */
export function escapeUnsafe(text: string): string {
  return text.replace(UNSAFE, escaped);
}

/** Whether a name has no character that has to be escaped for display. */
export function isPlainText(text: string): boolean {
  return !NOT_PLAIN.test(text);
}

function escaped(character: string): string {
  return Array.from({ length: character.length }, (_, at) => escapedUnit(character.charCodeAt(at))).join('');
}

function escapedUnit(unit: number): string {
  return `\\u${unit.toString(16).padStart(4, '0')}`;
}
