import type { Codec } from '../../codec/message/codec.ts';

// [advanced/transport_rawsocket] Four octets each way: 0x7F, length and serializer, two reserved octets of 0.

export const MAGIC = 0x7f;
export const HANDSHAKE_BYTES = 4;

/** The errors of a router's reply. */
export const HandshakeError = {
  SerializerUnsupported: 1,
  LengthUnacceptable: 2,
  ReservedBits: 3,
  TooManyConnections: 4,
} as const;

export type HandshakeError = (typeof HandshakeError)[keyof typeof HandshakeError];

const errorTexts: readonly string[] = [
  'illegal error code 0',
  'serializer unsupported',
  'maximum message length unacceptable',
  'use of reserved bits',
  'maximum connection count reached',
];

/** The name that the specification gives to an error code. */
export function handshakeErrorText(code: number): string {
  return errorTexts[code] ?? `error code ${code}`;
}

/** Message lengths that the handshake can announce: 2^9 to 2^24 bytes. */
const MIN_EXPONENT = 9;
const MAX_EXPONENT = 24;

/** The LENGTH that announces the largest limit not above `bytes`, at least 512 bytes. */
export function lengthCode(bytes: number): number {
  const exponent = Math.floor(Math.log2(Math.max(bytes, 2 ** MIN_EXPONENT)));
  return Math.min(exponent, MAX_EXPONENT) - MIN_EXPONENT;
}

/** The limit in bytes that a LENGTH announces. */
export function lengthLimit(code: number): number {
  return 2 ** (code + MIN_EXPONENT);
}

/** Makes a request, or the reply that accepts it. */
export function encodeHandshake(length: number, serializer: number): Uint8Array {
  return Uint8Array.of(MAGIC, (length << 4) | serializer, 0, 0);
}

/** Makes the reply that refuses a request. */
export function encodeRefusal(error: HandshakeError): Uint8Array {
  return Uint8Array.of(MAGIC, error << 4, 0, 0);
}

/** The conditions of a server for a handshake. */
export interface HandshakeConditions {
  readonly codecs: readonly Codec[];
  /** A peer that accepts only messages of fewer bytes than this is refused. */
  readonly minPeerLimit: number;
  /** Whether the listener is at its limit, so that the request is refused. */
  readonly full: boolean;
}

export type HandshakeResult =
  | { readonly codec: Codec; readonly peerLimit: number; readonly error?: undefined }
  | { readonly error: HandshakeError };

/** Checks the four octets of a client's request. The caller has checked the first. */
export function checkHandshake(request: Uint8Array, conditions: HandshakeConditions): HandshakeResult {
  const [, second = 0, third = 0, fourth = 0] = request;
  // Reserved bits first: if they are set, the second octet may have an unknown meaning.
  if (third !== 0 || fourth !== 0) return { error: HandshakeError.ReservedBits };
  const codec = conditions.codecs.find(({ rawSocketId }) => rawSocketId === (second & 0x0f));
  if (codec === undefined) return { error: HandshakeError.SerializerUnsupported };
  const peerLimit = lengthLimit(second >> 4);
  if (peerLimit < conditions.minPeerLimit) return { error: HandshakeError.LengthUnacceptable };
  if (conditions.full) return { error: HandshakeError.TooManyConnections };
  return { codec, peerLimit };
}

/** Reads a server's reply: the limit that it announces, or a text that says why the handshake failed. */
export function readReply(reply: Uint8Array, serializer: number): { limit: number } | { refused: string } {
  const [first = 0, second = 0, third = 0, fourth = 0] = reply;
  if (first !== MAGIC) return { refused: 'it is not a RawSocket router' };
  if ((second & 0x0f) === 0) return { refused: `the router refused: ${handshakeErrorText(second >> 4)}` };
  if ((second & 0x0f) !== serializer) return { refused: 'the router selected another serializer' };
  if (third !== 0 || fourth !== 0) return { refused: 'the router set reserved bits' };
  return { limit: lengthLimit(second >> 4) };
}
