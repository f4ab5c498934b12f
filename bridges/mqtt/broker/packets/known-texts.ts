/** Number of texts that are kept. */
const MAX_TEXTS = 4096;
/** Longest text that is kept, in characters. */
export const MAX_KNOWN_LENGTH = 64;

/** Texts that have passed a check. Clients use the same few topics again and again, so these are checked once. */
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
