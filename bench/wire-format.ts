import type { SerializerName } from '../src/codec/message/codec.ts';
import type { Endpoint, TransportName } from './measured-router.ts';

/** The transport and serializer of one side of a benchmark: `ws/json`, `raw/cbor` … */
export interface WireName {
  readonly transport: TransportName;
  readonly serializer: SerializerName;
}

export function wireText({ transport, serializer }: WireName): string {
  return `${transport}/${serializer}`;
}

/** A fixed mask that looks like the random one of a browser. A mask of zeros would save the router some work. */
const MASK = [0x5a, 0xc3, 0x17, 0x8e] as const;

/** The most bytes in front of a message: a masked WebSocket header of a large frame. */
export const MAX_HEAD = 14;

/**
 * Puts a frame around the message that is in `target` from `at + MAX_HEAD` on. The head goes in front of it. Returns
 * the position where the frame begins. WebSocket frames are masked, as the frames of a client must be. [RFC6455-5.3]
 */
export function wrap({ transport, serializer }: WireName, target: Buffer, at: number, length: number): number {
  const body = at + MAX_HEAD;
  if (transport === 'raw') {
    target.writeUInt32BE(length, body - 4);
    return body - 4;
  }
  for (let i = 0; i < 4; i++) target[body - 4 + i] = MASK[i] ?? 0;
  for (let i = 0; i < length; i++) target[body + i] = (target[body + i] ?? 0) ^ (MASK[i & 3] ?? 0);
  const first = 0x80 | (serializer === 'json' ? 1 : 2);
  if (length < 126) {
    target[body - 6] = first;
    target[body - 5] = 0x80 | length;
    return body - 6;
  }
  if (length > 0xffff) throw new RangeError('no benchmark sends frames this large');
  target[body - 8] = first;
  target[body - 7] = 0x80 | 126;
  target.writeUInt16BE(length, body - 6);
  return body - 8;
}

/** One whole frame. */
export function frameOf(wire: WireName, message: Uint8Array): Buffer {
  const target = Buffer.alloc(MAX_HEAD + message.length);
  target.set(message, MAX_HEAD);
  return target.subarray(wrap(wire, target, 0, message.length));
}

/** The first bytes of a connection: an HTTP upgrade, or the RawSocket handshake with the largest limit. */
export function greeting({ transport, serializer }: WireName, { host, port, path }: Endpoint): Uint8Array {
  if (transport === 'raw') return Uint8Array.of(0x7f, 0xf0 | { json: 1, msgpack: 2, cbor: 3 }[serializer], 0, 0);
  const lines = [
    `GET ${path} HTTP/1.1`,
    `Host: ${host}:${port}`,
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    `Sec-WebSocket-Protocol: wamp.2.${serializer}`,
  ];
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`);
}

/** The length of the router's answer to the greeting at the beginning of `bytes`. 0 if it is incomplete. */
export function greetingEnd({ transport, serializer }: WireName, bytes: Buffer): number {
  if (transport === 'raw') {
    if (bytes.length < 4) return 0;
    if ((bytes[1] ?? 0) % 16 === 0) throw new Error('the RawSocket handshake was refused');
    return 4;
  }
  const end = bytes.indexOf('\r\n\r\n');
  if (end < 0) return 0;
  const head = bytes.toString('latin1', 0, end);
  if (!head.startsWith('HTTP/1.1 101') || !head.includes(`wamp.2.${serializer}`)) throw new Error(`refused: ${head}`);
  return end + 4;
}
