import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { EmbeddedSource } from '../bridges/mqtt/broker/embedded-source.ts';
import { mqttConfig } from '../bridges/mqtt/config/mqtt-config.ts';
import { DropCounter } from '../bridges/mqtt/report/drop-counter.ts';
import type { MqttSink } from '../bridges/mqtt/source/mqtt-source.ts';
import { systemClock } from '../src/base/clock.ts';
import { silentLogger } from '../src/base/logger.ts';
import type { Effort } from './effort.ts';
import { median as middleOf } from './measure.ts';
import type { Candidate, MeasuredRouter } from './measured-router.ts';
import { MqttHost } from './mqtt-host.ts';
import { type MqttLoad, PAYLOAD, PUBLISHERS, type Qos, WINDOW } from './mqtt-load.ts';
import type { Findings, OtherScenario } from './scenario.ts';

const ROUNDS = 3;

interface Measured {
  /** Messages per second. */
  readonly rate: number;
  /** Microseconds of CPU for each message, of this process, which has broker, bridge and router. */
  readonly cpu: number;
}

/** MQTT to WAMP, compared with plain MQTT to MQTT through the same broker. */
export function mqttToWamp(qos: Qos): OtherScenario {
  return {
    kind: 'other',
    group: 'mqtt',
    name: `QoS ${qos}`,
    run: (effort, candidates) => run(qos, effort, candidates),
  };
}

async function run(qos: Qos, { mqttMessages }: Effort, candidates: readonly Candidate[]): Promise<Findings> {
  const other = await candidates.find(candidate => !candidate.own)?.start();
  const messages = Math.ceil(mqttMessages / (PUBLISHERS * WINDOW)) * PUBLISHERS * WINDOW;
  const ways: [string, () => Promise<Measured>, Measured[]][] = [
    ['MQTT -> MQTT, broker alone', () => plain(qos, messages), []],
    ['MQTT -> MQTT, with the bridge', () => bridged(qos, messages, true, false), []],
    ['MQTT -> WAMP (RawSocket, JSON)', () => bridged(qos, messages, false, true), []],
    ['MQTT -> both', () => bridged(qos, messages, true, true), []],
  ];
  if (other?.speaks('mqtt') === true) ways.push(['MQTT -> MQTT, beside', () => foreign(other, qos, messages), []]);
  // In turns, so that a disturbance of the machine affects all.
  for (let round = 0; round < ROUNDS; round++) for (const [, way, results] of ways) results.push(await way());
  await other?.stop();
  const base = median(ways[0]?.[2] ?? []);
  const lines = ways.map(([name, , results]) => {
    const { rate, cpu } = median(results);
    const [rates, costs] = [rate / base.rate, cpu / base.cpu].map(ratio => `(${ratio.toFixed(2)}x)`);
    return `${name.padEnd(32)}${rate.toFixed(0).padStart(8)} messages/s ${rates}, ${cpu.toFixed(1)} us CPU each ${costs}`;
  });
  const figures = Object.fromEntries(ways.map(([name, , results]) => [name, median(results)]));
  return { lines: [`${messages} messages of ${PAYLOAD.length} bytes`, ...lines], lost: 0, figures };
}

/** Any broker that is reachable. */
async function foreign(router: MeasuredRouter, qos: Qos, messages: number): Promise<Measured> {
  const { port } = router.endpoint('mqtt');
  const before = (await router.usage()).cpu;
  const { rate } = await measure({ port, qos, messages, mqtt: true });
  return { rate, cpu: ((await router.usage()).cpu - before) / messages };
}

async function measure(ask: MqttLoad): Promise<Measured> {
  const child = fork(fileURLToPath(new URL('mqtt-load-process.js', import.meta.url)));
  await once(child, 'message');
  child.send(ask);
  await once(child, 'message');
  const cpu = process.cpuUsage();
  const started = performance.now();
  child.send('go');
  await once(child, 'message');
  const seconds = (performance.now() - started) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  child.send('end');
  await once(child, 'exit');
  return { rate: ask.messages / seconds, cpu: (user + system) / ask.messages };
}

/** The broker alone: it accepts every message, and one MQTT client has subscribed. */
async function plain(qos: Qos, messages: number): Promise<Measured> {
  const sink: MqttSink = {
    connecting: () => Promise.resolve(undefined),
    message: () => 'pass',
    disconnected: () => {},
    failed: error => console.error(error),
  };
  const parts = { sink, drops: new DropCounter(silentLogger), clock: systemClock, log: silentLogger };
  await using broker = await EmbeddedSource.listen(mqttConfig.parse({ port: 0 }), parts);
  return await measure({ port: broker.port, qos, messages, mqtt: true });
}

/** The bridge, and a router with a RawSocket listener. */
async function bridged(qos: Qos, messages: number, mqtt: boolean, wamp: boolean): Promise<Measured> {
  await using host = await MqttHost.start(1024 ** 3);
  return await measure({ port: host.port, qos, messages, mqtt, ...(wamp && { wamp: host.endpoint }) });
}

function median(values: readonly Measured[]): Measured {
  return { rate: middleOf(values.map(({ rate }) => rate)), cpu: middleOf(values.map(({ cpu }) => cpu)) };
}
