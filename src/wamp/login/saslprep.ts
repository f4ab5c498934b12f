// The tables of RFC 3454 as Unicode classes: B.1, C.1.2, and the prohibited characters of the other C tables.
const MAPPED_TO_NOTHING = /\u00ad|\u034f|\u1806|[\u180b-\u180d]|\u200b|\u200c|\u200d|\u2060|[\ufe00-\ufe0f]|\ufeff/gu;
const OTHER_SPACES = /[\u00a0\u1680\u2000-\u200b\u202f\u205f\u3000]/gu;
const PROHIBITED = /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Zl}\p{Zp}\p{Noncharacter_Code_Point}\u2ff0-\u2ffb\ufffc\ufffd]/u;

/**
 * The normalized form of a user name or password, so that `ä` typed on one machine equals `ä` typed on another.
 * Undefined if the text contains a prohibited character. Text of mixed direction is accepted, because deployed clients
 * accept it. [RFC4013], [advanced/authentication_scram: Username/Password String Normalization]
 */
export function saslprep(text: string): string | undefined {
  const mapped = text.replace(OTHER_SPACES, ' ').replace(MAPPED_TO_NOTHING, '').normalize('NFKC');
  return PROHIBITED.test(mapped) ? undefined : mapped;
}
