/** A lone surrogate, which UTF-8 cannot represent. */
const loneSurrogate = /\p{Surrogate}/gu;

/** `text` as UTF-8 represents it: each lone surrogate becomes U+FFFD. */
export function wellFormed(text: string): string {
  return text.replace(loneSurrogate, '\ufffd');
}
