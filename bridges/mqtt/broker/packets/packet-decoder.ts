import { isUtf8 } from 'node:buffer';
import { InternTable } from '../../../../src/codec/values/intern-table.ts';
import type { Qos } from '../../source/mqtt-source.ts';
import { isCleanText } from '../../source/mqtt-text.ts';
import { KnownTexts, MAX_KNOWN_LENGTH } from './known-texts.ts';
import {
  type Acknowledgement,
  type AcknowledgementType,
  type Bare,
  type ClientPacket,
  type Connect,
  MalformedPacket,
  PacketType,
  type Publish,
  type Subscribe,
  type Unsubscribe,
  type Will,
} from './packet.ts';

const EMPTY = Buffer.alloc(0);
/** Topics of the messages of all clients. */
const topics = new InternTable();
const cleanTopics = new KnownTexts();
const MEANINGLESS = 'reserved flags of the packet are set';

/**
 * Decodes the packet whose fixed header begins with `first`, and whose body is `bytes` from `at` to `end`. Of
 * SUBSCRIBE, at most `maxFilters` filters are read, and the others are counted.
 */
export function decodePacket(first: number, bytes: Buffer, at: number, end: number, maxFilters: number): ClientPacket {
  const type = first >> 4;
  if (type === PacketType.Publish) return publish(first, new Fields(bytes, at, end));
  if (type === PacketType.Connect) return connect(first & 0x0f, new Fields(bytes, at, end));
  // [MQTT-2.2.2-2]
  const flags = type === PacketType.Pubrel || type === PacketType.Subscribe || type === PacketType.Unsubscribe ? 2 : 0;
  if ((first & 0x0f) !== flags) throw new MalformedPacket(MEANINGLESS);
  const fields = new Fields(bytes, at, end);
  switch (type) {
    case PacketType.Puback:
    case PacketType.Pubrec:
    case PacketType.Pubrel:
    case PacketType.Pubcomp:
      return acknowledgement(type, fields);
    case PacketType.Subscribe:
      return subscribe(fields, maxFilters);
    case PacketType.Unsubscribe:
      return unsubscribe(fields, maxFilters);
    case PacketType.Pingreq:
    case PacketType.Disconnect:
      return bare(type, fields);
    default:
      throw new MalformedPacket(`packet type ${type} is not valid for a client`);
  }
}

/** Reads the fields of one packet in order. */
class Fields {
  readonly #bytes: Buffer;
  readonly #end: number;
  #at: number;

  constructor(bytes: Buffer, at: number, end: number) {
    this.#bytes = bytes;
    this.#at = at;
    this.#end = end;
  }

  get done(): boolean {
    return this.#at === this.#end;
  }

  byte(): number {
    return this.#bytes[this.#consume(1)] ?? 0;
  }

  number(): number {
    return this.#bytes.readUInt16BE(this.#consume(2));
  }

  /** [MQTT-2.3.1-1] */
  id(): number {
    const id = this.number();
    if (id === 0) throw new MalformedPacket('packet identifier is 0');
    return id;
  }

  binary(): Buffer {
    const length = this.number();
    const start = this.#consume(length);
    return this.#bytes.subarray(start, start + length);
  }

  /** A UTF-8 string without control characters. [MQTT-1.5.3-1] [MQTT-1.5.3-2] */
  text(what: string): string {
    const length = this.number();
    const start = this.#consume(length);
    const bytes = this.#bytes.subarray(start, start + length);
    if (isUtf8(bytes)) {
      const text = bytes.toString('utf8', 0, length);
      if (isCleanText(text)) return text;
    }
    throw new MalformedPacket(`${what} is not UTF-8, or contains control characters`);
  }

  /** As `text`, for a topic, which was probably used before. */
  topic(): string {
    const before = this.#at;
    const length = this.number();
    const start = this.#consume(length);
    const text = length > MAX_KNOWN_LENGTH ? undefined : topics.text(this.#bytes, start, start + length);
    if (text !== undefined && cleanTopics.has(text)) return text;
    this.#at = before;
    const checked = this.text('topic');
    // Kept, so that it is found the next time.
    const topic = text ?? checked;
    cleanTopics.add(topic);
    return topic;
  }

  rest(): Buffer {
    if (this.done) return EMPTY;
    const start = this.#at;
    this.#at = this.#end;
    return this.#bytes.subarray(start, this.#end);
  }

  finish(): void {
    if (!this.done) throw new MalformedPacket('packet is longer than its fields');
  }

  #consume(length: number): number {
    const at = this.#at;
    this.#at += length;
    if (this.#at > this.#end) throw new MalformedPacket('packet is shorter than its fields');
    return at;
  }
}

function publish(first: number, fields: Fields): Publish {
  const qos = qosOf((first >> 1) & 3);
  const dup = (first & 8) !== 0;
  // [MQTT-3.3.1-2]
  if (dup && qos === 0) throw new MalformedPacket('DUP flag is set at QoS 0');
  const topic = fields.topic();
  const id = qos === 0 ? 0 : fields.id();
  return { type: PacketType.Publish, topic, payload: fields.rest(), qos, retain: (first & 1) !== 0, dup, id };
}

/** Bit of the protocol level: the client is a bridge of another broker. It is not part of any specification. */
const BRIDGE = 0x80;

function connect(headerFlags: number, fields: Fields): Connect {
  const name = fields.text('protocol name');
  const announced = fields.byte();
  // The bridges of mosquitto and other brokers set the highest bit.
  const bridge = (announced & BRIDGE) !== 0;
  const level = announced & ~BRIDGE;
  // [MQTT-3.1.2-1]
  if (name !== 'MQTT' && name !== 'MQIsdp') throw new MalformedPacket('protocol name is neither MQTT nor MQIsdp');
  if (level !== (name === 'MQTT' ? 4 : 3)) return unknownLevel(announced);
  const flags = fields.byte();
  const keepAlive = fields.number();
  // MQTT 3.1 calls these flags unused. [MQTT-2.2.2-2] [MQTT-3.1.2-3]
  if (level > 3 && (headerFlags !== 0 || (flags & 0x01) !== 0)) throw new MalformedPacket(MEANINGLESS);
  // [MQTT-3.1.2-11] [MQTT-3.1.2-22]
  if ((flags & 0x04) === 0 && (flags & 0x38) !== 0) throw new MalformedPacket('will flags are set without a will');
  if ((flags & 0xc0) === 0x40) throw new MalformedPacket('CONNECT contains a password without a user name');
  const clientId = fields.text('client id');
  const will = (flags & 0x04) === 0 ? undefined : willOf(flags, fields);
  const username = (flags & 0x80) === 0 ? undefined : fields.text('user name');
  const password = (flags & 0x40) === 0 ? undefined : Buffer.from(fields.binary());
  fields.finish();
  const clean = (flags & 0x02) !== 0;
  return { type: PacketType.Connect, level, bridge, clientId, clean, keepAlive, will, username, password };
}

/** [MQTT-3.1.2-2] */
function unknownLevel(level: number): Connect {
  const none = { will: undefined, username: undefined, password: undefined };
  return { type: PacketType.Connect, level, bridge: false, clientId: '', clean: true, keepAlive: 0, ...none };
}

function willOf(flags: number, fields: Fields): Will {
  const qos = qosOf((flags >> 3) & 3);
  const topic = fields.text('will topic');
  // A will outlives the chunk in which it was received, so its payload is copied.
  return { topic, payload: Buffer.from(fields.binary()), qos, retain: (flags & 0x20) !== 0 };
}

function acknowledgement(type: AcknowledgementType, fields: Fields): Acknowledgement {
  const id = fields.id();
  fields.finish();
  return { type, id };
}

function subscribe(fields: Fields, maxFilters: number): Subscribe {
  const id = fields.id();
  const subscriptions: { filter: string; qos: Qos }[] = [];
  do {
    // At least one filter is required. [MQTT-3.8.3-3] [MQTT-3-8.3-4]
    subscriptions.push({ filter: fields.text('filter'), qos: qosOf(fields.byte()) });
  } while (!fields.done && subscriptions.length < maxFilters);
  let surplus = 0;
  for (; !fields.done; surplus++) {
    fields.binary();
    qosOf(fields.byte());
  }
  return { type: PacketType.Subscribe, id, subscriptions, surplus };
}

function unsubscribe(fields: Fields, maxFilters: number): Unsubscribe {
  const id = fields.id();
  const filters: string[] = [];
  do {
    if (filters.length >= maxFilters) throw new MalformedPacket(`UNSUBSCRIBE lists more than ${maxFilters} filters`);
    // [MQTT-3.10.3-2]
    filters.push(fields.text('filter'));
  } while (!fields.done);
  return { type: PacketType.Unsubscribe, id, filters };
}

function bare(type: Bare['type'], fields: Fields): Bare {
  fields.finish();
  return { type };
}

/** [MQTT-3.3.1-4] */
function qosOf(value: number): Qos {
  if (value === 0 || value === 1 || value === 2) return value;
  throw new MalformedPacket(`QoS is ${value}, must be 0, 1 or 2`);
}
