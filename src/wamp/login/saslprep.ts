// What RFC 3454 lists, in the terms of Unicode: tables B.1 and C.1.2, and what the others of C prohibit.
const MAPPED_TO_NOTHING = /\u00ad|\u034f|\u1806|[\u180b-\u180d]|\u200b|\u200c|\u200d|\u2060|[\ufe00-\ufe0f]|\ufeff/gu;
const OTHER_SPACES = /[\u00a0\u1680\u2000-\u200b\u202f\u205f\u3000]/gu;
const PROHIBITED = /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Zl}\p{Zp}\p{Noncharacter_Code_Point}\u2ff0-\u2ffb\ufffc\ufffd]/u;

/**
 * A user name or password in its one spelling, so that `ä` typed on one machine is the `ä` typed on another. Undefined
 * where it holds what no password may. Text of both directions is taken as it is: clients in the wild do so too.
 * [RFC4013], [advanced/authentication_scram: Username/Password String Normalization]
 */
export function saslprep(text: string): string | undefined {
  const mapped = text.replace(OTHER_SPACES, ' ').replace(MAPPED_TO_NOTHING, '').normalize('NFKC');
  return PROHIBITED.test(mapped) ? undefined : mapped;
}
