// MQTT to WAMP, beside plain MQTT to MQTT through the same broker in the same run: rates, and what a message costs the
// process that holds broker, bridge and router. A process of its own makes the load and takes what comes back over MQTT.
// Run: node dist/test/bench/mqtt.js [messages]
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { EmbeddedSource } from '../../bridges/mqtt/broker/embedded-source.ts';
import { DropCounter } from '../../bridges/mqtt/drop-counter.ts';
import { mqttBridge } from '../../bridges/mqtt/mqtt-bridge.ts';
import { mqttConfig } from '../../bridges/mqtt/mqtt-config.ts';
import type { MqttSink } from '../../bridges/mqtt/mqtt-source.ts';
import { systemClock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/logger.ts';
import { Session } from '../../src/client/session.ts';
import { jsonCodec } from '../../src/codec/json/json-codec.ts';
import { dial } from '../../src/transport/dial.ts';
import { defaultLimits } from '../../src/transport/limits.ts';
import { listenRawSocket } from '../../src/transport/rawsocket-server.ts';
import { portOf } from '../bridges/mqtt/bridge-rig.ts';
import { rawConnect, rawPacket, rawSubscribe } from '../bridges/mqtt/raw-packets.ts';
import { TestGateway } from '../support/bridge-context.ts';

const PUBLISHERS = 4;
/** QoS 1 messages of a publisher that wait for their acknowledgement. */
const WINDOW = 64;
const ROUNDS = 3;
const TOPIC = 'plant/line4/press2/temperature';
const PAYLOAD = '{"value":21.53,"unit":"C","quality":"good","ts":"2026-01-01T12:00:00.000Z","seq":123456,"ok":true}';

type Qos = 0 | 1;

/** What the load process is asked to do. */
interface Load {
  readonly port: number;
  readonly qos: Qos;
  readonly messages: number;
  /** Who subscribes, over a socket: an MQTT client, a WAMP client at that address, or both. */
  readonly mqtt: boolean;
  readonly wamp?: string;
}

interface Measured {
  /** Messages a second. */
  readonly rate: number;
  /** Microseconds of CPU a message. */
  readonly cpu: number;
}

function isLoad(value: unknown): value is Load {
  return typeof value === 'object' && value !== null && 'port' in value && 'messages' in value;
}

async function open(port: number, clientId: string): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  await once(socket, 'connect');
  socket.write(rawConnect({ clientId }));
  await once(socket, 'data');
  return socket;
}

/** Resolves when so many bytes have come. */
function receive(socket: Socket, bytes: number): Promise<void> {
  let missing = bytes;
  return new Promise(resolve => {
    const count = (chunk: Buffer): void => {
      missing -= chunk.length;
      if (missing > 0) return;
      socket.off('data', count);
      resolve();
    };
    socket.on('data', count);
  });
}

function publishPacket(qos: Qos, id: number): Buffer {
  const topic = Buffer.from(TOPIC);
  const idBytes = qos === 0 ? Buffer.alloc(0) : Buffer.of(id >> 8, id & 0xff);
  return rawPacket(qos === 0 ? 0x30 : 0x32, Buffer.of(0, topic.length), topic, idBytes, Buffer.from(PAYLOAD));
}

async function flood(socket: Socket, qos: Qos, messages: number): Promise<void> {
  const window = Buffer.concat(Array.from({ length: WINDOW }, (_, index) => publishPacket(qos, index + 1)));
  for (let sent = 0; sent < messages; sent += WINDOW) {
    const acknowledged = qos === 0 ? undefined : receive(socket, 4 * WINDOW);
    if (!socket.write(window)) await once(socket, 'drain');
    await acknowledged;
  }
}

/** Subscribes as an MQTT client; resolves when all messages have come. */
async function subscribeMqtt(socket: Socket, messages: number): Promise<() => Promise<void>> {
  socket.write(rawSubscribe('plant/#'));
  await once(socket, 'data');
  // Granted QoS 0: every copy is as long as a QoS 0 packet.
  const all = receive(socket, publishPacket(0, 0).length * messages);
  return () => all;
}

/** Subscribes as a WAMP client; resolves when all events have come. */
async function subscribeWamp(url: string, messages: number): Promise<() => Promise<void>> {
  const session = await Session.join(await dial(url, { codec: jsonCodec }), { realm: 'realm1' });
  let heard = 0;
  let done = (): void => {};
  const all = new Promise<void>(resolve => {
    done = resolve;
  });
  await session.subscribe('mqtt.', () => (++heard === messages ? done() : undefined), { match: 'prefix' });
  return () => all.then(() => session.leave());
}

async function load({ port, qos, messages, mqtt, wamp }: Load): Promise<void> {
  const sockets = await Promise.all(Array.from({ length: PUBLISHERS }, (_, index) => open(port, `load-${index}`)));
  const arrivals: (() => Promise<void>)[] = [];
  if (mqtt) {
    const subscriber = await open(port, 'subscriber');
    sockets.push(subscriber);
    arrivals.push(await subscribeMqtt(subscriber, messages));
  }
  if (wamp !== undefined) arrivals.push(await subscribeWamp(wamp, messages));
  process.send?.('ready');
  await once(process, 'message');
  await Promise.all(sockets.slice(0, PUBLISHERS).map(socket => flood(socket, qos, messages / PUBLISHERS)));
  await Promise.all(arrivals.map(arrived => arrived()));
  process.send?.('done');
  await once(process, 'message');
  for (const socket of sockets) socket.destroy();
}

async function measure(ask: Load): Promise<Measured> {
  const child = fork(fileURLToPath(import.meta.url), ['load']);
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

/** The broker alone: whatever is published is accepted, and one MQTT client has subscribed. */
async function plain(qos: Qos, messages: number): Promise<Measured> {
  const sink: MqttSink = {
    connecting: () => Promise.resolve(),
    message: () => undefined,
    disconnected: () => {},
    failed: error => console.error(error),
  };
  const parts = { sink, drops: new DropCounter(silentLogger), clock: systemClock, log: silentLogger };
  await using broker = await EmbeddedSource.listen(mqttConfig.parse({ port: 0 }), parts);
  return await measure({ port: broker.port, qos, messages, mqtt: true });
}

/** The bridge and a router that listens for RawSocket. */
async function bridged(qos: Qos, messages: number, mqtt: boolean, wamp: boolean): Promise<Measured> {
  await using gateway = new TestGateway();
  await using listening = await listenRawSocket(
    {
      address: { host: '127.0.0.1', port: 0 },
      name: 'bench',
      codecs: [jsonCodec],
      limits: { ...defaultLimits, maxQueuedBytes: 1024 ** 3 },
      log: silentLogger,
      clock: systemClock,
    },
    link => gateway.router.attach(link),
  );
  await using bridge = await mqttBridge.start(mqttBridge.schema.parse({ port: 0 }), gateway.context);
  const url = `tcp://${listening.address}`;
  return await measure({ port: portOf(bridge), qos, messages, mqtt, ...(wamp && { wamp: url }) });
}

function median(values: readonly Measured[]): Measured {
  const middle = (pick: (value: Measured) => number): number =>
    values.map(pick).sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
  return { rate: middle(({ rate }) => rate), cpu: middle(({ cpu }) => cpu) };
}

async function main(): Promise<void> {
  const wanted = Number(process.argv[2] ?? 100_000);
  const messages = Math.ceil(wanted / (PUBLISHERS * WINDOW)) * PUBLISHERS * WINDOW;
  for (const qos of [0, 1] as const) {
    const scenarios: [string, () => Promise<Measured>, Measured[]][] = [
      ['MQTT -> MQTT, broker alone', () => plain(qos, messages), []],
      ['MQTT -> MQTT, with the bridge', () => bridged(qos, messages, true, false), []],
      ['MQTT -> WAMP (RawSocket, JSON)', () => bridged(qos, messages, false, true), []],
      ['MQTT -> both', () => bridged(qos, messages, true, true), []],
    ];
    // By turns, so that whatever else the machine does is felt by all.
    for (let round = 0; round < ROUNDS; round++) {
      for (const [, run, results] of scenarios) results.push(await run());
    }
    console.log(`QoS ${qos}, ${messages} messages of ${PAYLOAD.length} bytes, medians of ${ROUNDS}`);
    const base = median(scenarios[0]?.[2] ?? []);
    for (const [name, , results] of scenarios) {
      const { rate, cpu } = median(results);
      console.log(
        `  ${name.padEnd(31)} ${Math.round(rate).toLocaleString('en').padStart(8)} msg/s (${(rate / base.rate).toFixed(2)})` +
          ` ${cpu.toFixed(1).padStart(6)} us CPU a message (${(cpu / base.cpu).toFixed(2)})`,
      );
    }
  }
}

if (process.argv[2] === 'load') {
  process.send?.('here');
  const [ask]: unknown[] = await once(process, 'message');
  if (!isLoad(ask)) throw new Error('the load process was asked for something else');
  await load(ask);
  process.disconnect();
} else await main();
