import type { SerializerName } from '../../src/codec/codec.ts';
import { AcknowledgedLoad } from './acknowledged-load.ts';
import { CallLoad } from './call-load.ts';
import { ours } from './candidates.ts';
import { connectStorm } from './connect-storm.ts';
import { idleMemory } from './idle-memory.ts';
import type { List } from './list-format.ts';
import type { Load } from './load.ts';
import type { Effort } from './measure.ts';
import type { Candidate, MeasuredRouter } from './measured-router.ts';
import { PacedLoad } from './paced-load.ts';
import { PublishLoad, type PublishLoadOptions, type Subscriber } from './publish-load.ts';
import { type TransportName, type WireName, wireText } from './wire-format.ts';

/** A load on routers, which take turns. */
export interface LoadScenario {
  readonly kind: 'load';
  readonly group: string;
  readonly name: string;
  /** What is of interest: how much it can do, or how long each takes. */
  readonly shows: 'rate' | 'latency';
  /** What is compared. Default: our router and those that the runner was told of. */
  readonly candidates?: readonly Candidate[];
  /** Default: as for all. */
  readonly roundMilliseconds?: number;
  open(router: MeasuredRouter): Promise<Load>;
}

/** What a scenario of its own kind has found out. */
export interface Findings {
  readonly lines: readonly string[];
  readonly lost: number;
  readonly figures: Readonly<Record<string, unknown>>;
}

/** Something that is no load of the usual kind. */
export interface OtherScenario {
  readonly kind: 'other';
  readonly group: string;
  readonly name: string;
  /** `candidates`: ours, and those that the runner was told of. */
  run(effort: Effort, candidates: readonly Candidate[]): Promise<Findings>;
}

export type Scenario = LoadScenario | OtherScenario;

/** What a sensor says: a PUBLISH of about 105 bytes in JSON. */
export const sensor: List = [[], { value: 21.53, unit: 'C', at: 1_722_000_000.123 }];

/** 1 KiB in JSON and in CBOR: as many floats of four decimals. */
const floats: List = [[Array.from({ length: 114 }, (_, i) => Math.round(Math.sin(i) * 1e6 + 0.5) / 1e4 + 1e-4)]];

export const TOPIC = 'com.example.plant7.line2.temperature';

export function wire(transport: TransportName, serializer: SerializerName): WireName {
  return { transport, serializer };
}

export const wsJson = wire('ws', 'json');
export const rawCbor = wire('raw', 'cbor');
const everyWire = [wsJson, wire('ws', 'msgpack'), wire('ws', 'cbor'), wire('raw', 'msgpack'), rawCbor];

function events(group: string, name: string, options: PublishLoadOptions): LoadScenario {
  return { kind: 'load', group, name, shows: 'rate', open: router => PublishLoad.open(router, options) };
}

export function exactly(wireName: WireName, topics: readonly string[] = [TOPIC]): Subscriber {
  return { wire: wireName, patterns: topics.map(topic => ({ topic, match: 'exact' })) };
}

function oneToOne(group: string, publisher: WireName, subscriber: WireName, payload: List, window: number) {
  const name = publisher === subscriber ? wireText(publisher) : `${wireText(publisher)} to ${wireText(subscriber)}`;
  return events(group, name, { publisher, topics: [TOPIC], subscribers: [exactly(subscriber)], payload, window });
}

function fanOut(count: number, wireName: WireName, window: number): LoadScenario {
  const subscribers = Array.from({ length: count }, () => exactly(wireName));
  const options = { publisher: wireName, topics: [TOPIC], subscribers, payload: sensor, window };
  return events(`fan-out ${count}`, wireText(wireName), options);
}

/** 100 topics, one subscriber to all of them by name and one by prefix. */
function topics(wireName: WireName): LoadScenario {
  const names = Array.from({ length: 100 }, (_, i) => `com.example.plant7.line${i}.temperature`);
  const byPrefix: Subscriber = { wire: wireName, patterns: [{ topic: 'com.example.plant7.', match: 'prefix' }] };
  const subscribers = [exactly(wireName, names), byPrefix];
  const options = { publisher: wireName, topics: names, subscribers, payload: sensor, window: 512 };
  return events('topics', wireText(wireName), options);
}

function calls(wireName: WireName): LoadScenario {
  const options = { wire: wireName, callers: 4, outstanding: 16, payload: [[21.53, 'C']] };
  const open = (router: MeasuredRouter): Promise<Load> => CallLoad.open(router, options);
  return { kind: 'load', group: 'rpc', name: wireText(wireName), shows: 'rate', open };
}

function paced(rate: number, wireName: WireName): LoadScenario {
  const options = { wire: wireName, publishers: 20, rate, payload: sensor };
  const open = (router: MeasuredRouter): Promise<Load> => PacedLoad.open(router, options);
  const [group, name] = [`paced ${rate / 1000} k/s`, wireText(wireName)];
  return { kind: 'load', group, name, shows: 'latency', roundMilliseconds: 2000, open };
}

function acknowledged(wireName: WireName): LoadScenario {
  const open = (router: MeasuredRouter): Promise<Load> => AcknowledgedLoad.open(router, wireName, sensor);
  return { kind: 'load', group: 'acknowledged', name: wireText(wireName), shows: 'latency', open };
}

/** The router without this and that: what having it costs. */
function features(wireName: WireName): LoadScenario {
  const candidates = [
    ours({}, 'everything'),
    ours({ without: ['authorization'] }, 'no rules'),
    ours({ without: ['meta'] }, 'no meta API'),
    ours({ without: ['authorization', 'meta'] }, 'neither'),
  ];
  return { ...oneToOne('features', wireName, wireName, sensor, 1024), candidates };
}

/** In the order in which they run and are printed. */
export const scenarios: readonly Scenario[] = [
  ...everyWire.map(each => oneToOne('sensor', each, each, sensor, 1024)),
  ...everyWire.map(each => oneToOne('floats', each, each, floats, 256)),
  // Each serializer alone stands above: the same event, carried and converted.
  oneToOne('mixed', rawCbor, wsJson, sensor, 1024),
  oneToOne('mixed', wsJson, rawCbor, sensor, 1024),
  ...(
    [
      [10, 256],
      [100, 64],
      [1000, 16],
    ] as const
  ).flatMap(([subscribers, window]) => [wsJson, rawCbor].map(each => fanOut(subscribers, each, window))),
  ...[wsJson, rawCbor].map(topics),
  ...[wsJson, wire('ws', 'msgpack'), rawCbor].map(calls),
  ...[wsJson, rawCbor].map(each => paced(10_000, each)),
  ...[wsJson, rawCbor].map(each => paced(50_000, each)),
  ...[wsJson, rawCbor].map(acknowledged),
  ...[wsJson, rawCbor].map(features),
  ...[wsJson, rawCbor].map(idleMemory),
  ...[wsJson, rawCbor].map(connectStorm),
];
