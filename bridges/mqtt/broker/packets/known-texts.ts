/** Texts that are remembered. */
const MAX_TEXTS = 4096;
/** The longest of them, in characters. */
export const MAX_KNOWN_LENGTH = 64;

/** Texts that have passed a check. Clients name the same few topics again and again, and need not be checked each time. */
export class KnownTexts {
  readonly #texts = new Set<string>();

  has(text: string): boolean {
    return this.#texts.has(text);
  }

  add(text: string): void {
    if (text.length > MAX_KNOWN_LENGTH) return;
    if (this.#texts.size >= MAX_TEXTS) this.#texts.clear();
    this.#texts.add(text);
  }
}
