import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Effort } from './effort.ts';
import { MqttHost } from './mqtt-host.ts';
import type { MqttPace, Paced } from './mqtt-pace.ts';
import type { Findings, OtherScenario } from './scenario.ts';

/** The send queue of a WAMP peer, as in a gateway. */
const MAX_QUEUED = 16 * 1024 * 1024;

type Ask = Omit<MqttPace, 'port' | 'endpoint' | 'seconds'>;

interface Measured extends Paced {
  /** The share of a core that the process with broker, bridge and router used. */
  readonly cpu: number;
}

function isPaced(value: unknown): value is Paced {
  return typeof value === 'object' && value !== null && 'latency' in value;
}

function scenario(name: string, asks: readonly (readonly [string, Ask])[]): OtherScenario {
  return { kind: 'other', group: 'mqtt', name, run: effort => run(asks, effort) };
}

/** The latency in each direction, at a rate far below the limit. */
export const mqttLatency = scenario(
  'latency',
  ([0, 1] as const).flatMap(qos =>
    (
      [
        ['MQTT', 'MQTT'],
        ['MQTT', 'WAMP'],
        ['WAMP', 'MQTT'],
      ] as const
    ).map(([from, to]) => {
      const name = `${from} -> ${to}, QoS ${qos}, 2000 messages/s`;
      return [name, { from, to, qos, publishers: 1, rate: 2000 }] as const;
    }),
  ),
);

/** A house with many sensors. */
export const mqttDevices = scenario('devices', [
  ['300 devices, 2 messages a second each', { from: 'MQTT', to: 'WAMP', qos: 0, publishers: 300, rate: 600 }],
  ['the same at QoS 1', { from: 'MQTT', to: 'WAMP', qos: 1, publishers: 300, rate: 600 }],
]);

/** The effect of a subscriber that does not read on another subscriber. */
export const mqttStalled = scenario(
  'stalled subscriber',
  (['MQTT', 'WAMP'] as const).flatMap(to => {
    const ask: Ask = { from: 'MQTT', to, qos: 1, publishers: 10, rate: 5000 };
    return [
      [`MQTT -> ${to}, none stalled`, ask] as const,
      [`MQTT -> ${to}, beside a stalled MQTT client`, { ...ask, stalled: 'MQTT' }] as const,
      [`MQTT -> ${to}, beside a stalled WebSocket`, { ...ask, stalled: 'WebSocket' }] as const,
    ];
  }),
);

async function run(asks: readonly (readonly [string, Ask])[], { slowSeconds }: Effort): Promise<Findings> {
  const lines: string[] = [];
  const figures: Record<string, unknown> = {};
  let lost = 0;
  for (const [name, ask] of asks) {
    const measured = await measure(ask, slowSeconds);
    const { latency, sent, received, cpu } = measured;
    figures[name] = measured;
    lost += sent - received;
    const took = `p50 ${latency.p50.toFixed(2)} ms, p99 ${latency.p99.toFixed(2)} ms, longest ${latency.max.toFixed(1)} ms`;
    lines.push(`${name.padEnd(44)}${took}; ${(cpu * 100).toFixed(0).padStart(3)} % of a core`);
  }
  return { lines, lost, figures };
}

async function measure(ask: Ask, seconds: number): Promise<Measured> {
  await using host = await MqttHost.start(MAX_QUEUED, { publish: { qos: ask.qos } });
  const child = fork(fileURLToPath(new URL('mqtt-pace-process.js', import.meta.url)));
  await once(child, 'message');
  const pace: MqttPace = { ...ask, port: host.port, endpoint: host.endpoint, seconds };
  child.send(pace);
  await once(child, 'message');
  const cpu = process.cpuUsage();
  const started = performance.now();
  child.send('go');
  const [paced]: unknown[] = await once(child, 'message');
  const microseconds = (performance.now() - started) * 1000;
  const { user, system } = process.cpuUsage(cpu);
  child.send('end');
  await once(child, 'exit');
  if (!isPaced(paced)) throw new Error('the process answered something else');
  return { ...paced, cpu: (user + system) / microseconds };
}
