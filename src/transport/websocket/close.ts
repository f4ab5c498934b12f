import { isUtf8 } from 'node:buffer';
import { WebSocketFailure } from './parser.ts';

/** The longest reason in a close frame, in bytes of UTF-8. [RFC6455-5.5] */
const MAX_REASON_BYTES = 123;

/** The code that stands for a close frame without a code. Never sent. [RFC6455-7.1.5] */
export const NO_CODE = 1005;

export interface CloseStatus {
  readonly code: number;
  readonly reason: string;
}

/** Reads the payload of a close frame. Throws `WebSocketFailure` if it is not valid. [RFC6455-7.4] */
export function readClose(payload: Uint8Array): CloseStatus {
  if (payload.length === 0) return { code: NO_CODE, reason: '' };
  if (payload.length === 1) throw new WebSocketFailure(1002, 'a close code has two bytes, received one');
  const code = ((payload[0] ?? 0) << 8) | (payload[1] ?? 0);
  if (!isSendable(code)) throw new WebSocketFailure(1002, `${code} is not a valid close code`);
  const reason = payload.subarray(2);
  if (!isUtf8(reason)) throw new WebSocketFailure(1007, 'the close reason is not valid UTF-8');
  return { code, reason: new TextDecoder().decode(reason) };
}

/** Makes the payload of a close frame. It is empty if there is no code. */
export function writeClose({ code, reason }: CloseStatus): Uint8Array {
  if (code === NO_CODE) return new Uint8Array(0);
  const text = new TextEncoder().encode(clip(reason));
  const payload = new Uint8Array(2 + text.length);
  payload[0] = code >> 8;
  payload[1] = code;
  payload.set(text, 2);
  return payload;
}

/** 1004 is reserved. 1005, 1006 and 1015 are for the API of an endpoint, and never in a frame. [RFC6455-7.4.1] */
function isSendable(code: number): boolean {
  if (code >= 3000) return code < 5000;
  return code >= 1000 && code <= 1014 && code !== 1004 && code !== 1005 && code !== 1006;
}

/** Shortens `text` to the size of a close frame, between two characters. */
function clip(text: string): string {
  if (Buffer.byteLength(text) <= MAX_REASON_BYTES) return text;
  const bytes = Buffer.from(text).subarray(0, MAX_REASON_BYTES);
  return new TextDecoder().decode(bytes, { stream: true });
}
