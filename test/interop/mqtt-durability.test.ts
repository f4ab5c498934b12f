// Kills the program at random moments under load. It must lose no message that it acknowledged, and deliver no message
// at QoS 2 twice. `npm run test:durability` runs 100 rounds, or DURABILITY_ROUNDS rounds.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { connect, type MqttClient } from 'mqtt';
import { random } from '../fuzz/mutation.ts';
import { testSeed } from '../support/fast-check.ts';
import { freePorts } from '../support/free-ports.ts';
import { until } from '../support/until.ts';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../../..');
const THOROUGH = process.env['npm_lifecycle_event'] === 'test:durability';
const ROUNDS = Number(process.env['DURABILITY_ROUNDS'] ?? (THOROUGH ? 100 : 4));
const PUBLISHERS = 3;
const draw = random(testSeed);
/** The unacknowledged messages of a publisher. */
const WINDOW = 8;
/** The rounds between two connections of the subscriber that is mostly offline. */
const VISITS = 3;

/** The program on one port with one data folder, which is started and killed. */
class Gateway {
  readonly port: number;
  readonly #folder: string;
  #child: ChildProcess | undefined;

  private constructor(port: number, folder: string) {
    this.port = port;
    this.#folder = folder;
  }

  static async make(): Promise<Gateway> {
    const [port = 0] = await freePorts(1);
    const folder = await mkdtemp(join(tmpdir(), 'wampway-durability-'));
    const queue = '{ maxMessages: 60000, maxBytes: 256 MiB }';
    await writeFile(
      join(folder, 'gateway.yaml'),
      `listeners: []\ndata: { path: data, sync: always }\nbridges: { mqtt: { port: ${port}, queue: ${queue}, maxStoredBytes: 512 MiB } }\n`,
    );
    return new Gateway(port, folder);
  }

  async start(): Promise<void> {
    const program = join(root, 'dist/src/main.js');
    const child = spawn(process.execPath, [program, 'start', '-c', join(this.#folder, 'gateway.yaml')], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.#child = child;
    let output = '';
    child.stdout.on('data', (data: Buffer) => {
      output += data.toString();
    });
    await until('the gateway is ready', () => output.includes('is ready') || child.exitCode !== null, 30);
    assert.equal(child.exitCode, null, output);
  }

  async kill(): Promise<void> {
    if (this.#child === undefined) return;
    const exited = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await exited;
    this.#child = undefined;
  }

  /** Appends the beginning of a record, as a power failure during a write leaves it. */
  async tear(): Promise<void> {
    const folder = join(this.#folder, 'data');
    const logs = (await readdir(folder)).filter(name => name.endsWith('.log')).sort();
    const last = logs.at(-1);
    assert.ok(last, 'the store has a log');
    // A checksum, a length of 512 bytes, the type of a whole record, and too few bytes.
    await appendFile(join(folder, last), Buffer.concat([Buffer.of(1, 2, 3, 4, 0, 2, 1), Buffer.alloc(100, 7)]));
  }

  async remove(): Promise<void> {
    await this.kill();
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** Publishes numbered messages alternately at QoS 1 and 2, and records the acknowledged ones. */
class Publisher {
  readonly acknowledged: string[] = [];
  readonly client: MqttClient;
  retained = 0;
  #sent = 0;
  #outstanding = 0;
  #stopped = false;
  readonly #name: string;

  constructor(port: number, name: string) {
    this.#name = name;
    this.client = device(port, name);
  }

  get idle(): boolean {
    return this.#outstanding === 0;
  }

  start(): void {
    this.#stopped = false;
    while (this.#outstanding < WINDOW) this.#publish();
  }

  stop(): void {
    this.#stopped = true;
  }

  #publish(): void {
    const number = this.#sent++;
    const qos = number % 2 === 0 ? 1 : 2;
    const retain = number % 10 === 0;
    const text = `${this.#name} ${number} ${qos}`;
    this.#outstanding += 1;
    const topic = retain ? `retained/${this.#name}` : `load/${this.#name}`;
    const done = (): void => {
      this.#outstanding -= 1;
      if (!this.#stopped) setTimeout(() => this.#publish(), 5);
    };
    this.client.publishAsync(topic, text, { qos, retain }).then(() => {
      this.acknowledged.push(text);
      if (retain) this.retained = number;
      done();
      // The client drops the messages that it had not sent when the connection broke.
    }, done);
  }
}

/** Subscribes at QoS 2, and counts the received messages. */
class Subscriber {
  readonly counts = new Map<string, number>();
  readonly client: MqttClient;

  constructor(port: number, name: string) {
    this.client = device(port, name);
    this.client.on('message', (_, payload) => {
      const text = payload.toString();
      this.counts.set(text, (this.counts.get(text) ?? 0) + 1);
    });
  }

  static async subscribed(port: number, name: string): Promise<Subscriber> {
    const subscriber = new Subscriber(port, name);
    await subscriber.client.subscribeAsync(['load/#', 'retained/#'], { qos: 2 });
    return subscriber;
  }

  missing(texts: readonly string[]): string[] {
    return texts.filter(text => !this.counts.has(text));
  }

  /** The messages at QoS 2 that were received more than once. */
  get twice(): string[] {
    return [...this.counts].filter(([text, count]) => count > 1 && text.endsWith(' 2')).map(([text]) => text);
  }
}

/** A client with a kept session, which reconnects whenever it can. */
function device(port: number, clientId: string): MqttClient {
  const client = connect({
    host: '127.0.0.1',
    port,
    clientId,
    clean: false,
    reconnectPeriod: 20,
    connectTimeout: 2000,
  });
  client.on('error', () => {});
  return client;
}

describe(`MQTT over ${ROUNDS} crashes`, () => {
  it('loses no acknowledged message, and delivers no message at QoS 2 twice', { timeout: 3_600_000 }, async t => {
    const gateway = await Gateway.make();
    const publishers = ['a', 'b', 'c'].slice(0, PUBLISHERS).map(name => new Publisher(gateway.port, name));
    const clients: MqttClient[] = publishers.map(({ client }) => client);
    try {
      await gateway.start();
      const present = await Subscriber.subscribed(gateway.port, 'present');
      const absent = await Subscriber.subscribed(gateway.port, 'absent');
      clients.push(present.client, absent.client);
      const acknowledged = (): string[] => publishers.flatMap(publisher => publisher.acknowledged);
      const settled = async (subscriber: Subscriber): Promise<void> => {
        for (const publisher of publishers) publisher.stop();
        await until('the acknowledgements', () => publishers.every(({ idle }) => idle), 60);
        const wanted = acknowledged();
        await until('the acknowledged messages', () => subscriber.missing(wanted).length === 0, 60).catch(() =>
          assert.deepEqual(subscriber.missing(wanted), [], 'lost'),
        );
        assert.deepEqual(subscriber.twice, [], 'received twice');
      };
      for (let round = 1; round <= ROUNDS; round++) {
        const visit = round % VISITS === 0;
        if (visit) absent.client.reconnect();
        else if (round % VISITS === 1) absent.client.end(true);
        for (const publisher of publishers) publisher.start();
        const before = acknowledged().length;
        await until('new acknowledgements', () => acknowledged().length > before, 60);
        await new Promise(next => setTimeout(next, draw(400)));
        await gateway.kill();
        if (round % 5 === 0) await gateway.tear();
        await gateway.start();
        if (visit) {
          await settled(present);
          await settled(absent);
        }
        if (THOROUGH)
          t.diagnostic(`round ${round}: ${acknowledged().length} acknowledged, ${present.counts.size} received`);
      }
      if (!absent.client.connected) absent.client.reconnect();
      await settled(present);
      await settled(absent);
      const late = new Subscriber(gateway.port, 'late');
      clients.push(late.client);
      await late.client.subscribeAsync('retained/#', { qos: 1 });
      await until('every retained message', () => late.counts.size === PUBLISHERS);
      for (const publisher of publishers) {
        assert.ok([...late.counts.keys()].some(text => Number(text.split(' ')[1]) === publisher.retained));
      }
      t.diagnostic(`${ROUNDS} crashes: ${acknowledged().length} messages acknowledged, none lost, none at QoS 2 twice`);
    } finally {
      for (const client of clients) client.end(true);
      await gateway.remove();
    }
  });
});
