// Makes the disk fail under load in several ways. The gateway loses nothing that it acknowledged. It reports within
// five seconds that its store is failing, and recovers as soon as the disk works again.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cp, mkdir, readdir, readFile, rename, rm, statfs, writeFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { describe, it } from 'node:test';
import { promisify } from 'node:util';
import { connect as connectMqtt, type MqttClient } from 'mqtt';
import { Folder } from '../support/folder.ts';
import { MqttTestClient } from '../support/mqtt-test-client.ts';
import { StoredGateway } from '../support/stored-gateway.ts';
import { until } from '../support/until.ts';

const run = promisify(execFile);
/** The time limit for the health page and the log to report the failing store. */
const SECONDS = 5;

/** A client that publishes retained messages one after the other without pause, and reconnects. */
class Publisher implements Disposable {
  /** The last acknowledged payload of each topic. A later payload in `sent` may be stored too. */
  readonly acknowledged = new Map<string, string>();
  readonly sent = new Map<string, string>();
  count = 0;
  readonly #client: MqttClient;
  #stopped = false;

  constructor(port: number, name: string, size: number) {
    this.#client = connectMqtt({
      host: '127.0.0.1',
      port,
      clientId: name,
      reconnectPeriod: 50,
      keepalive: 0,
      reconnectOnConnackError: true,
    });
    this.#client.on('error', () => {});
    const publish = (n: number): void => {
      if (this.#stopped) return;
      const topic = `load/${name}/${n % 40}`;
      const text = `${n} ${randomText(size)}`;
      this.sent.set(topic, text);
      this.#client.publishAsync(topic, text, { qos: 1, retain: true }).then(
        () => {
          this.acknowledged.set(topic, text);
          this.count += 1;
          publish(n + 1);
        },
        () => setTimeout(publish, 20, n + 1),
      );
    };
    publish(0);
  }

  [Symbol.dispose](): void {
    this.#stopped = true;
    this.#client.end(true);
  }
}

/** Text that LevelDB can hardly compress. */
function randomText(size: number): string {
  return Array.from({ length: size / 8 }, () => Math.random().toString(36).slice(2, 10).padEnd(8, 'x')).join('');
}

/** A connection to the web listener that is opened before file handles run out. */
class HealthConnection implements Disposable {
  readonly #socket: Socket;
  #text = '';

  constructor(port: number) {
    this.#socket = connect(port, '127.0.0.1');
    this.#socket.on('data', (data: Buffer) => {
      this.#text += data.toString();
    });
  }

  async health(): Promise<{ status: string; store: { state: string } }> {
    this.#text = '';
    this.#socket.write('GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n');
    const body = await until('the health', () => /\r\n\r\n(\{.*\})\n/.exec(this.#text)?.[1]);
    return JSON.parse(body);
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }
}

async function untilFailing(gateway: StoredGateway, connection: HealthConnection, states = ['failing']): Promise<void> {
  await until(
    `the health to be ${states}`,
    async () => {
      const { status, store } = await connection.health();
      return status === 'degraded' && states.includes(store.state);
    },
    SECONDS,
  );
  await until('the log', () => states.some(state => gateway.output.includes(`"store: ${state}"`)), SECONDS);
}

async function untilHealthy(
  gateway: StoredGateway,
  connection: HealthConnection,
  publishers: readonly Publisher[],
): Promise<void> {
  await until(
    'the health to be ok',
    async () => {
      const { status, store } = await connection.health();
      return status === 'ok' && store.state === 'ok';
    },
    20,
  );
  await until(
    'the log',
    () => gateway.output.lastIndexOf('"store: ok"') > gateway.output.lastIndexOf('"store: failing"'),
  );
  const before = publishers.map(({ count }) => count);
  await until('all to publish', () => publishers.every(({ count }, index) => count > (before[index] ?? 0) + 5), 20);
  // A new client with a kept session can connect.
  await using mqttClient = await MqttTestClient.connect(gateway.mqttPort, 'after-all');
  await mqttClient.client.subscribeAsync('some/topic', { qos: 1 });
}

/** Starts another gateway on a copy of the data folder, and asserts that it has each acknowledged message. */
async function assertNothingLost(data: string, publishers: readonly Publisher[]): Promise<void> {
  using folder = new Folder();
  await cp(data, folder.file('data'), { recursive: true, filter: source => !source.endsWith('LOCK') });
  await using gateway = await StoredGateway.start({ folder: folder.path });
  await using mqttClient = await MqttTestClient.connect(gateway.mqttPort, 'auditor', { clean: true });
  await mqttClient.client.subscribeAsync('load/#', { qos: 1 });
  const found = new Map<string, string>();
  const topics = publishers.flatMap(({ acknowledged }) => [...acknowledged.keys()]);
  // The broker sends retained messages in batches, with other messages in between. The assertions below report the
  // missing ones.
  await until('the retained messages', () => {
    for (const packet of mqttClient.received.map(text => text.split(' '))) {
      found.set(packet[0] ?? '', packet.slice(1, 3).join(' '));
    }
    return topics.every(topic => found.has(topic));
  }).catch(() => {});
  for (const { acknowledged, sent } of publishers) {
    for (const [topic, text] of acknowledged) {
      const value = found.get(topic);
      assert.ok(
        value === text || value === sent.get(topic),
        `${topic}: ${value?.slice(0, 20)} and not ${text.slice(0, 20)}`,
      );
    }
  }
}

/** Four publishers, and connections that only use file handles. */
class Load implements Disposable {
  readonly publishers: readonly Publisher[];
  readonly #webPort: number;
  readonly #idle: Socket[] = [];

  constructor({ mqttPort, webPort }: StoredGateway) {
    this.#webPort = webPort;
    this.publishers = Array.from({ length: 4 }, (_, n) => new Publisher(mqttPort, `p${n}`, 4096));
  }

  connect(count: number): void {
    for (let n = 0; n < count; n++) this.#idle.push(connect(this.#webPort, '127.0.0.1').on('error', () => {}));
  }

  disconnect(): void {
    for (const socket of this.#idle) socket.destroy();
  }

  [Symbol.dispose](): void {
    this.disconnect();
    for (const publisher of this.publishers) publisher[Symbol.dispose]();
  }
}

async function untilPublishing(publishers: readonly Publisher[]): Promise<void> {
  const before = publishers.map(({ count }) => count);
  await until('all to publish', () => publishers.every(({ count }, index) => count > (before[index] ?? 0) + 20), 20);
}

describe('a gateway whose disk fails', () => {
  it('reports that its data folder is missing, and continues when the folder is back', async () => {
    using folder = new Folder();
    await using gateway = await StoredGateway.start({ folder: folder.path });
    using connection = new HealthConnection(gateway.webPort);
    using load = new Load(gateway);
    const { publishers } = load;
    await untilPublishing(publishers);
    for (let round = 0; round < 2; round++) {
      await rename(folder.file('data'), folder.file('away'));
      await untilFailing(gateway, connection);
      await new Promise(resolve => setTimeout(resolve, 500));
      await rename(folder.file('away'), folder.file('data'));
      await untilHealthy(gateway, connection, publishers);
    }
    load[Symbol.dispose]();
    await gateway.stop('SIGKILL');
    await assertNothingLost(folder.file('data'), publishers);
  });

  for (const [what, replace] of [
    ['an empty folder', (data: string) => mkdir(data)],
    ['a copy', (data: string) => cp(data.replace(/data$/, 'away'), data, { recursive: true })],
  ] as const) {
    it(`reports that its data folder was replaced by ${what}, and loses nothing that it acknowledged`, async () => {
      using folder = new Folder();
      await using gateway = await StoredGateway.start({ folder: folder.path });
      using connection = new HealthConnection(gateway.webPort);
      await using mqttClient = await MqttTestClient.connect(gateway.mqttPort, 'mqttClient');
      await mqttClient.client.publishAsync('before', 'kept', { qos: 1, retain: true });
      await rename(folder.file('data'), folder.file('away'));
      await replace(folder.file('data'));
      // A copy is identical until the next write.
      await mqttClient.client.publishAsync('meanwhile', 'goes to the open files', { qos: 1, retain: true });
      await untilFailing(gateway, connection);
      assert.match(gateway.output, /the data folder was emptied or replaced while the gateway ran: restore its files/);
      await rm(folder.file('data'), { recursive: true });
      await rename(folder.file('away'), folder.file('data'));
      await untilHealthy(gateway, connection, []);
      await using later = await MqttTestClient.connect(gateway.mqttPort, 'later');
      await later.client.publishAsync('after', 'kept', { qos: 1, retain: true });
      await gateway.stop('SIGKILL');
      await gateway.start();
      await using auditor = await MqttTestClient.connect(gateway.mqttPort, 'auditor', { clean: true });
      await auditor.client.subscribeAsync('#', { qos: 1 });
      await until('the retained messages', () =>
        ['before', 'meanwhile', 'after'].every(topic => auditor.received.some(text => text.startsWith(topic))),
      );
    });
  }

  it('reports that its data folder is missing, even if nothing is written', async () => {
    using folder = new Folder();
    await using gateway = await StoredGateway.start({ folder: folder.path });
    using connection = new HealthConnection(gateway.webPort);
    await rename(folder.file('data'), folder.file('away'));
    await untilFailing(gateway, connection);
    await rename(folder.file('away'), folder.file('data'));
    await untilHealthy(gateway, connection, []);
  });

  it('recovers from a lack of file handles', async () => {
    using folder = new Folder();
    await using gateway = await StoredGateway.start({ folder: folder.path, data: 'minFree: 1 MiB,' });
    using connection = new HealthConnection(gateway.webPort);
    using load = new Load(gateway);
    const { publishers } = load;
    await untilPublishing(publishers);
    const limits = await readFile(`/proc/${gateway.pid}/limits`, 'utf8');
    const before = /^Max open files +(\d+)/m.exec(limits)?.[1];
    const open = (await readdir(`/proc/${gateway.pid}/fd`)).map(Number);
    const limit = Math.max(...open) + 1;
    await run('prlimit', ['--pid', `${gateway.pid}`, `--nofile=${limit}:`]);
    // The connections take the free numbers below the limit.
    load.connect(limit - open.length + 20);
    await untilFailing(gateway, connection);
    await new Promise(resolve => setTimeout(resolve, 1_000));
    load.disconnect();
    await run('prlimit', ['--pid', `${gateway.pid}`, `--nofile=${before}:`]);
    await untilHealthy(gateway, connection, publishers);
    assert.doesNotMatch(gateway.output, /a bug/);
    load[Symbol.dispose]();
    await gateway.stop('SIGKILL');
    await assertNothingLost(folder.file('data'), publishers);
  });

  for (const minFree of ['0 B', '2 MiB']) {
    it(`recovers after another program filled its disk of 12 MB for seconds, with minFree: ${minFree}`, async () => {
      using folder = new Folder();
      await mkdir(folder.file('data'));
      // The gateway has its own mount, which ends with the process.
      const mount = `mount -t tmpfs -o size=12m tmpfs ${folder.file('data')} && exec "$@"`;
      await using gateway = await StoredGateway.start({
        folder: folder.path,
        data: `minFree: ${minFree},`,
        wrapper: ['unshare', '-rm', 'sh', '-c', mount, 'sh'],
      });
      const disk = `/proc/${gateway.pid}/root${folder.file('data')}`;
      using connection = new HealthConnection(gateway.webPort);
      using load = new Load(gateway);
      const { publishers } = load;
      for (let round = 0; round < 3; round++) {
        await untilPublishing(publishers);
        for (let fill = 0; fill < 3; fill++) {
          const { bavail, bsize } = await statfs(disk);
          await writeFile(`${disk}/filler-${fill}`, Buffer.alloc(bavail * bsize)).catch(() => {});
        }
        await untilFailing(gateway, connection, ['failing', 'full']);
        await new Promise(resolve => setTimeout(resolve, 3_000));
        for (let fill = 0; fill < 3; fill++) await rm(`${disk}/filler-${fill}`, { force: true });
        await untilHealthy(gateway, connection, publishers);
      }
      load[Symbol.dispose]();
      process.kill(gateway.pid, 'SIGSTOP');
      await cp(disk, folder.file('copy'), { recursive: true });
      await gateway.stop('SIGKILL');
      await assertNothingLost(folder.file('copy'), publishers);
    });
  }
});
