// Test suites of other projects that test a broker over the network. They are not part of this repository. PAHO_TESTING
// is the folder of https://github.com/eclipse/paho.mqtt.testing, MOSQUITTO_SOURCE that of
// https://github.com/eclipse/mosquitto.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { dirname, join, resolve } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { z } from 'zod';
import { BrokerHarness } from '../bridges/mqtt/broker-harness.ts';
import { rawConnect, rawPacket } from '../bridges/mqtt/raw-packets.ts';
import { until } from '../support/until.ts';

const run = promisify(execFile);
const root = resolve(dirname(fileURLToPath(import.meta.url)), '../../..');
const python = process.env['PYTHON'] ?? '/usr/bin/python3';

describe('the Eclipse Paho interoperability tests', () => {
  const folder = process.env['PAHO_TESTING'];
  it(
    folder === undefined ? 'are missing: set PAHO_TESTING to their folder' : 'pass all ten tests of MQTT 3.1.1',
    async t => {
      if (folder === undefined) {
        t.diagnostic('nothing was examined');
        return;
      }
      const config = join(root, 'config/examples/paho.yaml');
      const gateway = spawn(process.execPath, [join(root, 'dist/src/main.js'), 'start', '-c', config]);
      try {
        let output = '';
        gateway.stdout.on('data', (data: Buffer) => {
          output += data.toString();
        });
        await until('the gateway is ready', () => output.includes('is ready'), 30);
        // The suite prints nothing about success on standard output, and reads no arguments.
        const options = { cwd: join(folder, 'interoperability'), timeout: 300_000, maxBuffer: 2 ** 26 };
        const { stderr } = await run(python, ['-B', 'client_test.py'], options);
        assert.match(stderr, /Ran 10 tests/);
        assert.match(stderr, /\nOK/);
      } finally {
        const ended = once(gateway, 'exit');
        gateway.kill();
        await ended;
      }
    },
  );
});

const step = z.discriminatedUnion('type', [
  z.object({ type: z.literal('send'), payload: z.string() }),
  z.object({ type: z.literal('recv'), payload: z.string() }),
  z.object({ type: z.literal('publish'), topic: z.string(), qos: z.number(), payload: z.string() }),
]);
const group = z.object({
  group: z.string(),
  disable: z.boolean().optional(),
  tests: z.array(
    z.object({
      name: z.string(),
      ver: z.number().default(4),
      connect: z.boolean().default(true),
      expect_disconnect: z.boolean().default(true),
      msgs: z.array(step),
    }),
  ),
});
type Sequence = z.output<typeof group>['tests'][number];

/** A plain connection, which is read byte by byte. */
class Bare {
  readonly socket: Socket;
  #bytes = Buffer.alloc(0);
  #ended = false;

  constructor(port: number) {
    this.socket = connect(port, '127.0.0.1');
    this.socket.on('data', (chunk: Buffer) => {
      this.#bytes = Buffer.concat([this.#bytes, chunk]);
    });
    this.socket.on('error', () => {});
    this.socket.on('close', () => {
      this.#ended = true;
    });
  }

  async receive(expected: Buffer): Promise<void> {
    await until('bytes', () => this.#bytes.length >= expected.length || this.#ended, 2);
    assert.equal(this.#bytes.subarray(0, expected.length).toString('hex'), expected.toString('hex'));
    this.#bytes = this.#bytes.subarray(expected.length);
  }

  async disconnected(): Promise<void> {
    await until('the end of the connection', () => this.#ended, 2);
    assert.equal(this.#bytes.toString('hex'), '', 'bytes before the end');
  }
}

async function play(
  harness: BrokerHarness,
  name: string,
  { connect, expect_disconnect, msgs }: Sequence,
): Promise<void> {
  const bare = new Bare(harness.broker.port);
  const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');
  try {
    if (connect) {
      bare.socket.write(rawConnect({ clientId: name }));
      await bare.receive(hex('20020000'));
    }
    for (const one of msgs) {
      if (one.type === 'send') bare.socket.write(hex(one.payload));
      else if (one.type === 'recv') await bare.receive(hex(one.payload));
      else {
        const helper = await harness.client({ clientId: 'helper' });
        const qos = one.qos === 2 ? 2 : one.qos === 1 ? 1 : 0;
        await helper.publishAsync(one.topic, one.payload, { qos });
        await helper.endAsync();
      }
    }
    if (expect_disconnect) await bare.disconnected();
    else {
      bare.socket.write(rawPacket(0xc0));
      await bare.receive(hex('d000'));
    }
  } finally {
    bare.socket.destroy();
  }
}

describe('mosquitto’s packet sequences', () => {
  const folder = process.env['MOSQUITTO_SOURCE'];
  const title =
    folder === undefined ? 'are missing: set MOSQUITTO_SOURCE to their source' : 'pass all tests of MQTT 3.1 and 3.1.1';
  it(title, async t => {
    if (folder === undefined) {
      t.diagnostic('nothing was tested');
      return;
    }
    await using harness = await BrokerHarness.start({ connectRate: { rate: 1e6, burst: 1_000_000 } });
    const data = join(folder, 'test/broker/data');
    const failures: string[] = [];
    let total = 0;
    for (const file of (await readdir(data)).filter(name => name.endsWith('.json')).sort()) {
      const groups = z.array(group).parse(JSON.parse(await readFile(join(data, file), 'utf8')));
      for (const { group: title, disable, tests } of groups) {
        if (disable === true || title.startsWith('v5.0')) continue;
        for (const sequence of tests.filter(({ ver }) => ver !== 5)) {
          total += 1;
          const name = `${title} ${sequence.name}`;
          await play(harness, name, sequence).catch((error: unknown) => failures.push(`${name}: ${error}`));
        }
      }
    }
    t.diagnostic(`${total - failures.length} of ${total}`);
    assert.deepEqual(failures, []);
    assert.ok(total > 250);
  });
});
