import type { SerializerName } from '../src/codec/message/codec.ts';
import type { List } from './list-format.ts';
import type { TransportName } from './measured-router.ts';
import type { Subscriber } from './publish-load.ts';
import type { WireName } from './wire-format.ts';

/** The message of a sensor: a PUBLISH of about 105 bytes in JSON. */
export const sensor: List = [[], { value: 21.53, unit: 'C', at: 1_722_000_000.123 }];

/** 1 KiB in JSON and in CBOR: the same number of floats with four decimals. */
export const floats: List = [[Array.from({ length: 114 }, (_, i) => Math.round(Math.sin(i) * 1e6 + 0.5) / 1e4 + 1e-4)]];

export const TOPIC = 'com.example.plant7.line2.temperature';

export function wire(transport: TransportName, serializer: SerializerName): WireName {
  return { transport, serializer };
}

export const wsJson = wire('ws', 'json');
export const rawCbor = wire('raw', 'cbor');
export const everyWire = [wsJson, wire('ws', 'msgpack'), wire('ws', 'cbor'), wire('raw', 'msgpack'), rawCbor];

export function exactly(wireName: WireName, topics: readonly string[] = [TOPIC]): Subscriber {
  return { wire: wireName, patterns: topics.map(topic => ({ topic, match: 'exact' })) };
}
