/** One of each kind that a terminal obeys, or that no reader sees. */
export const UNSAFE_CHARACTERS = [
  ...['\u0000', '\u0007', '\u0008', '\u000a', '\u000d', '\u001b', '\u007f'],
  ...['\u0080', '\u0085', '\u009b', '\u009d', '\u009f'],
  ...['\u061c', '\u200e', '\u200f', '\u202a', '\u202b', '\u202c', '\u202d', '\u202e'],
  ...['\u2066', '\u2067', '\u2068', '\u2069', '\u2028', '\u2029'],
  ...['\u00ad', '\u180e', '\u200b', '\u200c', '\u200d', '\u2060', '\ufeff', '\ufff9', '\u{e0041}'],
  ...['\ud800', '\udfff'],
];
