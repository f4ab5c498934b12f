import { isUtf8 } from 'node:buffer';
import { WebSocketFailure } from './parser.ts';

/** Bytes of UTF-8 that a close frame has for its reason. [RFC6455-5.5] */
const MAX_REASON_BYTES = 123;

/** What a close frame without a code counts as; never sent. [RFC6455-7.1.5] */
export const NO_CODE = 1005;

export interface CloseStatus {
  readonly code: number;
  readonly reason: string;
}

/** What is in a close frame. Throws `WebSocketFailure` for what must not be. [RFC6455-7.4] */
export function readClose(payload: Uint8Array): CloseStatus {
  if (payload.length === 0) return { code: NO_CODE, reason: '' };
  if (payload.length === 1) throw new WebSocketFailure(1002, 'half a close code');
  const code = ((payload[0] ?? 0) << 8) | (payload[1] ?? 0);
  if (!maySay(code)) throw new WebSocketFailure(1002, `${code} is no close code to be sent`);
  const reason = payload.subarray(2);
  if (!isUtf8(reason)) throw new WebSocketFailure(1007, 'a close reason that is not UTF-8');
  return { code, reason: new TextDecoder().decode(reason) };
}

/** The payload of a close frame; without a code, it is empty. */
export function writeClose({ code, reason }: CloseStatus): Uint8Array {
  if (code === NO_CODE) return new Uint8Array(0);
  const text = new TextEncoder().encode(clip(reason));
  const payload = new Uint8Array(2 + text.length);
  payload[0] = code >> 8;
  payload[1] = code;
  payload.set(text, 2);
  return payload;
}

/** 1004 is reserved; 1005, 1006 and 1015 are for those who see a connection end, not for frames. [RFC6455-7.4.1] */
function maySay(code: number): boolean {
  if (code >= 3000) return code < 5000;
  return code >= 1000 && code <= 1014 && code !== 1004 && code !== 1005 && code !== 1006;
}

/** `text` as far as it fits a close frame, cut between characters. */
function clip(text: string): string {
  if (Buffer.byteLength(text) <= MAX_REASON_BYTES) return text;
  const bytes = Buffer.from(text).subarray(0, MAX_REASON_BYTES);
  return new TextDecoder().decode(bytes, { stream: true });
}
