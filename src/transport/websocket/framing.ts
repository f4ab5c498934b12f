import type { FrameShape } from '../channel/write-batcher.ts';

// [RFC6455-5.2] Sent frames are never fragmented or compressed. A head is FIN and an opcode, the length in 7 bits or in
// 16 or 64 more, and a client's mask.

export const Opcode = { Continuation: 0, Text: 1, Binary: 2, Close: 8, Ping: 9, Pong: 10 } as const;

export type Opcode = (typeof Opcode)[keyof typeof Opcode];

const FIN = 0x80;
const MASKED = 0x80;
const MASK_BYTES = 4;

function headSize(length: number): number {
  return length < 126 ? 2 : length < 0x1_0000 ? 4 : 10;
}

function writeHead(target: Uint8Array, at: number, opcode: number, length: number, masked = 0): void {
  target[at] = FIN | opcode;
  if (length < 126) {
    target[at + 1] = masked | length;
    return;
  }
  const long = length >= 0x1_0000;
  target[at + 1] = masked | (long ? 127 : 126);
  let place = at + (long ? 10 : 4);
  for (let rest = length; place > at + 2; rest = Math.floor(rest / 256)) target[--place] = rest;
}

/** Frames of a server, which are not masked. */
export const serverFrames: FrameShape = { headSize, writeHead };

/** Frames that already contain their head. */
export const wholeFrames: FrameShape = { headSize: () => 0, writeHead: () => {} };

// The system call for random bytes takes microseconds, so it fetches a block.
const masks = new Uint8Array(4096);
let used = masks.length;

/** A frame of a client, masked with unpredictable bytes. [RFC6455-5.3] */
export function maskedFrame(opcode: Opcode, payload: Uint8Array): Uint8Array {
  if (used >= masks.length) {
    crypto.getRandomValues(masks);
    used = 0;
  }
  const head = headSize(payload.length);
  const frame = new Uint8Array(head + MASK_BYTES + payload.length);
  writeHead(frame, 0, opcode, payload.length, MASKED);
  for (let i = 0; i < MASK_BYTES; i++) frame[head + i] = masks[used + i] ?? 0;
  for (let i = 0, at = head + MASK_BYTES; i < payload.length; i++, at++) {
    frame[at] = (payload[i] ?? 0) ^ (masks[used + (i & 3)] ?? 0);
  }
  used += MASK_BYTES;
  return frame;
}
