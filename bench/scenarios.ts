import { AcknowledgedLoad } from './acknowledged-load.ts';
import { CallLoad } from './call-load.ts';
import { ours } from './candidates.ts';
import { connectStorm } from './connect-storm.ts';
import { growth } from './growth.ts';
import { idleMemory } from './idle-memory.ts';
import { joining } from './joining.ts';
import type { List } from './list-format.ts';
import type { Load } from './load.ts';
import type { MeasuredRouter } from './measured-router.ts';
import { mqttDevices, mqttLatency, mqttStalled } from './mqtt-paced.ts';
import { mqttToWamp } from './mqtt-to-wamp.ts';
import { PacedLoad } from './paced-load.ts';
import { PublishLoad, type PublishLoadOptions, type Subscriber } from './publish-load.ts';
import { everyWire, exactly, floats, rawCbor, sensor, TOPIC, wire, wsJson } from './samples.ts';
import type { LoadScenario, Scenario } from './scenario.ts';
import { slowConsumer } from './slow-consumer.ts';
import { smallMachine } from './small-machine.ts';
import { soak } from './soak.ts';
import { type WireName, wireText } from './wire-format.ts';

function events(group: string, name: string, options: PublishLoadOptions): LoadScenario {
  return { kind: 'load', group, name, shows: 'rate', open: router => PublishLoad.open(router, options) };
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

/** The router without some of its parts: the cost of these parts. */
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
  // Each serializer alone is above. Here the same event is passed on and converted.
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
  joining,
  slowConsumer(rawCbor),
  mqttToWamp(0),
  mqttToWamp(1),
  mqttLatency,
  mqttDevices,
  mqttStalled,
  ...growth,
  soak,
  smallMachine,
];
