/** A surrogate without its other half, which UTF-8 cannot say. */
const loneSurrogate = /\p{Surrogate}/gu;

/** `text` as UTF-8 has it: each lone surrogate is U+FFFD. */
export function wellFormed(text: string): string {
  return text.replace(loneSurrogate, '\ufffd');
}
