import { z } from 'zod';
import type { Owner } from '../../../../src/gateway/bridge/bridge.ts';
import type { Qos } from '../../source/mqtt-source.ts';
import { BrokerMessage } from '../messages/broker-message.ts';
import { type QueuedMessage, QueuedState } from '../messages/session-queue.ts';

// The format of the broker's state in the store: keys and binary values. The first letter of a key is the type of the
// record.

/** Separates a client id, which has no control characters, from the rest of a key. */
const END = '\u0000';

export const keys = {
  session: (clientId: string) => `s${clientId}`,
  will: (clientId: string) => `w${clientId}`,
  retained: (topic: string) => `r${topic}`,
  message: (number: number) => `m${ordered(number)}`,
  queued: (clientId: string, number: number) => `q${clientId}${END}${ordered(number)}`,
  incoming: (clientId: string, id: number) => `i${clientId}${END}${id}`,
};

const sessionRecord = z.object({
  owner: z.string().optional(),
  holder: z.string().optional(),
  subscriptions: z.array(z.tuple([z.string(), z.union([z.literal(0), z.literal(1), z.literal(2)])])),
  disconnectedAt: z.number().optional(),
});

const ownerRecord = z.object({
  authid: z.string(),
  authrole: z.string(),
  authmethod: z.string(),
  authprovider: z.string(),
  clientId: z.string().optional(),
  address: z.string().optional(),
  loopback: z.boolean().optional(),
});

/** The range of keys that begin with a letter. */
export function rangeOf(letter: string): [from: string, to: string] {
  return [letter, String.fromCharCode(letter.charCodeAt(0) + 1)];
}

/** The client id and the rest of a key. */
export function clientOf(key: string): [clientId: string, rest: string] {
  const end = key.indexOf(END);
  return end < 0 ? [key.slice(1), ''] : [key.slice(1, end), key.slice(end + 1)];
}

/** The number of a message or a queue entry at the end of a key. */
export function numberOf(text: string): number {
  return Number.parseInt(text, 16);
}

/** A number as text, so that texts and numbers have the same order. */
function ordered(number: number): string {
  return number.toString(16).padStart(12, '0');
}

/** Flag: an owner follows the topic. Version 0.1 did not write owners. */
const OWNED = 8;

/** Layout: flags, time received, topic, owner (if its permissions are checked after a restart), payload. */
export function encodeMessage({ topic, payload, qos, retain, receivedAt }: BrokerMessage, owner?: Owner): Buffer {
  const text = owner === undefined ? '' : JSON.stringify(owner);
  const [length, ownerLength] = [Buffer.byteLength(topic), Buffer.byteLength(text)];
  const start = 11 + length + (owner === undefined ? 0 : 2 + ownerLength);
  const bytes = Buffer.allocUnsafe(start + payload.length);
  bytes[0] = qos | (retain ? 4 : 0) | (owner === undefined ? 0 : OWNED);
  bytes.writeDoubleBE(receivedAt, 1);
  bytes.writeUInt16BE(length, 9);
  bytes.write(topic, 11, length);
  if (owner !== undefined) {
    bytes.writeUInt16BE(ownerLength, 11 + length);
    bytes.write(text, 13 + length, ownerLength);
  }
  bytes.set(payload, start);
  return bytes;
}

export function decodeMessage(value: Uint8Array): BrokerMessage {
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  const flags = bytes.readUInt8(0);
  const end = 11 + bytes.readUInt16BE(9);
  if (end > bytes.length) throw new RangeError('the record is shorter than its topic');
  const owned = (flags & OWNED) !== 0;
  const start = owned ? end + 2 + bytes.readUInt16BE(end) : end;
  if (start > bytes.length) throw new RangeError('the record is shorter than its owner');
  const parsed: unknown = owned ? JSON.parse(bytes.toString('utf8', end + 2, start)) : undefined;
  const owner = owned ? ownerRecord.parse(parsed) : undefined;
  const payload = Buffer.from(bytes.subarray(start));
  const topic = bytes.toString('utf8', 11, end);
  return new BrokerMessage(topic, payload, qosOf(flags), (flags & 4) !== 0, bytes.readDoubleBE(1), owner);
}

/** Layout: state, flags, packet identifier, number of the message, shared subscription. */
export function encodeQueued({ state, qos, retain, id, message, share = '' }: QueuedMessage): Buffer {
  const length = Buffer.byteLength(share);
  const bytes = Buffer.allocUnsafe(10 + length);
  // A staged message is waiting once this record is on disk.
  bytes[0] = state === QueuedState.Staged ? QueuedState.Waiting : state;
  bytes[1] = qos | (retain ? 4 : 0);
  bytes.writeUInt16BE(id, 2);
  bytes.writeUIntBE(message.number, 4, 6);
  bytes.write(share, 10, length);
  return bytes;
}

export interface QueuedRecord {
  readonly state: QueuedState;
  readonly qos: Qos;
  readonly retain: boolean;
  readonly id: number;
  /** The number of the message. */
  readonly message: number;
  readonly share: string | undefined;
}

export function decodeQueued(value: Uint8Array): QueuedRecord {
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  const flags = bytes.readUInt8(1);
  return {
    state: bytes[0] === QueuedState.Received ? QueuedState.Received : QueuedState.Waiting,
    qos: qosOf(flags),
    retain: (flags & 4) !== 0,
    id: bytes.readUInt16BE(2),
    message: bytes.readUIntBE(4, 6),
    share: bytes.length > 10 ? bytes.toString('utf8', 10) : undefined,
  };
}

function qosOf(flags: number): Qos {
  const qos = flags & 3;
  return qos === 1 || qos === 2 ? qos : 0;
}

/** The record of a session, without its messages. */
export interface SessionRecord {
  readonly owner: string | undefined;
  /** Its quota key. Version 0.1 did not write it. */
  readonly holder: string | undefined;
  readonly subscriptions: readonly (readonly [filter: string, qos: Qos])[];
  /** By the clock of ages. Undefined while it is connected. */
  readonly disconnectedAt: number | undefined;
}

export function encodeSession(record: SessionRecord): Buffer {
  return Buffer.from(JSON.stringify(record));
}

export function decodeSession(value: Uint8Array): SessionRecord {
  const parsed: unknown = JSON.parse(Buffer.from(value).toString());
  const { owner, holder, subscriptions, disconnectedAt } = sessionRecord.parse(parsed);
  return { owner, holder, subscriptions, disconnectedAt };
}
