import type { SerializerName } from '../../src/codec/codec.ts';
import { CallLoad } from './call-load.ts';
import type { List } from './list-format.ts';
import type { Load } from './load.ts';
import { PublishLoad, type PublishLoadOptions } from './publish-load.ts';
import type { RouterProcess } from './router-process.ts';
import { type TransportName, type WireName, wireText } from './wire-format.ts';

/** Something that a router does again and again, as often as it can. */
export interface RateScenario {
  readonly kind: 'rate';
  readonly group: string;
  readonly name: string;
  readonly unit: 'event' | 'call';
  open(router: RouterProcess): Promise<Load>;
}

/** Sessions that have joined and do nothing. */
export interface IdleScenario {
  readonly kind: 'idle';
  readonly group: string;
  readonly name: string;
  readonly wire: WireName;
}

export type Scenario = RateScenario | IdleScenario;

/** What a sensor says: a PUBLISH of about 105 bytes in JSON. */
const sensor: List = [[], { value: 21.53, unit: 'C', at: 1_722_000_000.123 }];

/** 1 KiB in JSON and in CBOR: as many floats of four decimals. */
const floats: List = [[Array.from({ length: 114 }, (_, i) => Math.round(Math.sin(i) * 1e6 + 0.5) / 1e4 + 1e-4)]];

function wire(transport: TransportName, serializer: SerializerName): WireName {
  return { transport, serializer };
}

const wsJson = wire('ws', 'json');
const rawCbor = wire('raw', 'cbor');
const everyWire = [wsJson, wire('ws', 'msgpack'), wire('ws', 'cbor'), wire('raw', 'msgpack'), rawCbor];

function events(group: string, options: PublishLoadOptions): RateScenario {
  const { publisher, subscriber } = options;
  const name = publisher === subscriber ? wireText(publisher) : `${wireText(publisher)} to ${wireText(subscriber)}`;
  return { kind: 'rate', group, name, unit: 'event', open: router => PublishLoad.open(router, options) };
}

function oneToOne(group: string, publisher: WireName, subscriber: WireName, payload: List, window: number) {
  return events(group, { publisher, subscriber, subscribers: 1, payload, window });
}

function fanOut(subscribers: number, wireName: WireName, window: number): RateScenario {
  const options = { publisher: wireName, subscriber: wireName, subscribers, payload: sensor, window };
  return events(`fan-out ${subscribers}`, options);
}

function calls(wireName: WireName): RateScenario {
  return {
    kind: 'rate',
    group: 'rpc',
    name: wireText(wireName),
    unit: 'call',
    open: router => CallLoad.open(router, { wire: wireName, callers: 4, outstanding: 16, payload: [[21.53, 'C']] }),
  };
}

function idle(wireName: WireName): IdleScenario {
  return { kind: 'idle', group: 'idle', name: wireText(wireName), wire: wireName };
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
  ...[wsJson, wire('ws', 'msgpack'), rawCbor].map(calls),
  ...[wsJson, rawCbor].map(idle),
];
