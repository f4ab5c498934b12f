// MQTT packets as bytes, for raw sockets, including packets that no client would send.

/** Text or bytes with their length prefix. */
export function rawField(content: string | Uint8Array): Buffer {
  const bytes = Buffer.from(content);
  return Buffer.concat([Buffer.of(bytes.length >> 8, bytes.length & 0xff), bytes]);
}

/** One packet: its first byte, its length, its body. */
export function rawPacket(first: number, ...parts: Uint8Array[]): Buffer {
  const body = Buffer.concat(parts);
  const length: number[] = [];
  let rest = body.length;
  do {
    length.push(rest > 127 ? (rest % 128) | 0x80 : rest);
    rest = Math.floor(rest / 128);
  } while (rest > 0);
  return Buffer.concat([Buffer.of(first, ...length), body]);
}

export interface RawConnect {
  readonly clientId?: string | Uint8Array;
  readonly username?: string | Uint8Array;
  readonly clean?: boolean;
  readonly will?: { readonly topic: string | Uint8Array; readonly payload: string };
  readonly level?: number;
}

export function rawConnect({ clientId = 'raw', username, clean = true, will, level = 4 }: RawConnect = {}): Buffer {
  const flags = (username === undefined ? 0 : 0x80) | (will === undefined ? 0 : 0x04) | (clean ? 0x02 : 0);
  return rawPacket(
    0x10,
    rawField('MQTT'),
    Buffer.of(level, flags, 0, 60),
    rawField(clientId),
    ...(will === undefined ? [] : [rawField(will.topic), rawField(will.payload)]),
    ...(username === undefined ? [] : [rawField(username)]),
  );
}

export function rawPublish(topic: string | Uint8Array, payload: string): Buffer {
  return rawPacket(0x30, rawField(topic), Buffer.from(payload));
}

export function rawSubscribe(filter: string | Uint8Array, qos = 0): Buffer {
  return rawPacket(0x82, Buffer.of(0, 1), rawField(filter), Buffer.of(qos));
}
