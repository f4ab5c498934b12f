import type { Qos, Refused } from '../../source/mqtt-source.ts';
import { type AcknowledgementType, PacketType } from './packet.ts';

/** The return code of a refused filter in SUBACK. [MQTT-3.9.3-2] */
export const SUBSCRIBE_FAILURE = 0x80;
export type Granted = Qos | typeof SUBSCRIBE_FAILURE;

export const pingresp = Buffer.of(PacketType.Pingresp << 4, 0);

/** CONNACK. Code 0 accepts, 1 is an unsupported protocol level. [MQTT-3.2.2-3] */
export function connack(code: 0 | 1 | Refused, sessionPresent: boolean): Buffer {
  return Buffer.of(PacketType.Connack << 4, 2, sessionPresent ? 1 : 0, code);
}

export function acknowledgement(type: AcknowledgementType, id: number): Buffer {
  // [MQTT-3.6.1-1]
  return Buffer.of((type << 4) | (type === PacketType.Pubrel ? 2 : 0), 2, id >> 8, id & 0xff);
}

/** SUBACK. `refused`: number of refused filters behind those in `granted`. */
export function suback(id: number, granted: readonly Granted[], refused = 0): Buffer {
  const length = 2 + granted.length + refused;
  const packet = withRoom(PacketType.Suback << 4, length);
  const at = packet.length - length;
  packet.writeUInt16BE(id, at);
  packet.set(granted, at + 2);
  packet.fill(SUBSCRIBE_FAILURE, at + 2 + granted.length);
  return packet;
}

export function unsuback(id: number): Buffer {
  return Buffer.of(PacketType.Unsuback << 4, 2, id >> 8, id & 0xff);
}

export interface PublishFlags {
  readonly qos: Qos;
  readonly retain: boolean;
  readonly dup: boolean;
  /** Ignored at QoS 0. */
  readonly id: number;
}

export function publish(topic: string, payload: Uint8Array, { qos, retain, dup, id }: PublishFlags): Buffer {
  const topicLength = Buffer.byteLength(topic);
  const length = 2 + topicLength + (qos > 0 ? 2 : 0) + payload.length;
  const packet = withRoom((PacketType.Publish << 4) | (dup ? 8 : 0) | (qos << 1) | (retain ? 1 : 0), length);
  let at = packet.length - length;
  packet.writeUInt16BE(topicLength, at);
  packet.write(topic, at + 2, topicLength);
  at += 2 + topicLength;
  if (qos > 0) at = packet.writeUInt16BE(id, at);
  packet.set(payload, at);
  return packet;
}

/** A buffer with the fixed header written, and `length` bytes for the rest. [MQTT-2.2.3] */
function withRoom(first: number, length: number): Buffer {
  const header = length < 128 ? 2 : length < 128 ** 2 ? 3 : length < 128 ** 3 ? 4 : 5;
  const packet = Buffer.allocUnsafe(header + length);
  packet[0] = first;
  let rest = length;
  for (let at = 1; at < header; at++) {
    packet[at] = (rest & 0x7f) | (at < header - 1 ? 0x80 : 0);
    rest >>>= 7;
  }
  return packet;
}
