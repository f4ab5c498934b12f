import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { after, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { ClientSession } from '../../src/client/session/client-session.ts';
import { codecNamed } from '../../src/codec/codecs.ts';
import { dial } from '../../src/transport/dial.ts';
import { until } from '../support/until.ts';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../../..');
const folder = mkdtempSync(join(tmpdir(), 'wampway-start-'));
const started = new Set<ChildProcess>();
after(() => {
  for (const child of started) child.kill('SIGKILL');
  rmSync(folder, { recursive: true });
});

/** Port 0 for the listeners of bridges, which the command line cannot set. */
const freeBridgePorts = { WAMPWAY_BRIDGES__MQTT__PORT: '0', WAMPWAY_BRIDGES__CBOR_TCP__PORT: '0' };

/** The program in a separate process. */
class Run {
  readonly child: ChildProcess;
  readonly exited: Promise<number | null>;
  out = '';
  err = '';

  constructor(command: string, args: readonly string[], environment: Record<string, string> = freeBridgePorts) {
    this.child = spawn(command, args, {
      cwd: root,
      env: { ...process.env, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    started.add(this.child);
    this.child.stdout?.on('data', data => {
      this.out += String(data);
    });
    this.child.stderr?.on('data', data => {
      this.err += String(data);
    });
    this.exited = once(this.child, 'close').then(() => {
      started.delete(this.child);
      return this.child.exitCode;
    });
  }

  static start(args: readonly string[], environment?: Record<string, string>): Run {
    return new Run(process.execPath, ['dist/src/main.js', 'start', ...args], environment);
  }

  async ready(): Promise<this> {
    await until(`the banner; so far: ${this.out}${this.err}`, () => this.out.includes('  configuration '), 20);
    return this;
  }

  /** Returns the text after a label in the banner. */
  banner(label: string): string {
    return new RegExp(`^ {2}${label} +(.*)$`, 'm').exec(this.out)?.[1] ?? assert.fail(`no ${label} in:\n${this.out}`);
  }

  /** Sends a signal to the process, or to its process group as a terminal does. */
  signal(signal: NodeJS.Signals, group = false): void {
    process.kill((group ? -1 : 1) * (this.child.pid ?? 0), signal);
  }
}

function joinRealm1(url: string): Promise<ClientSession> {
  return dial(url, { codec: codecNamed('json') }).then(link => ClientSession.join(link, { realm: 'realm1' }));
}

const free = ['--port', '0', '--rawsocket-port', '0'];

describe('wampway start', () => {
  it('runs everything with simulated devices without a configuration, and prints a banner', async () => {
    const run = await Run.start(free).ready();
    const url = run.banner('WebSocket').replace(/;.*/, '');
    const session = await joinRealm1(url);
    const seen = new Set<string>();
    const subscribed = ['mqtt.greenhouse.climate.temperature', 'serial.greenhouse.moisture', 'dev.meter.power.voltage'];
    for (const topic of subscribed) await session.subscribe(topic, event => void seen.add(event.topic));
    await until('a value of each simulated device', () => seen.size === subscribed.length);
    const { args } = await session.call('serial.greenhouse.relay.set', { args: ['on'] });
    assert.deepEqual(args, ['on']);
    assert.match(
      run.banner('who may join'),
      /^realm1: programs on this machine, without credentials, and no other client/,
    );
    assert.match(run.out, /switch the simulated devices off with --no-demo/);
    assert.match(run.banner('configuration'), /^built in; /);
    const page = await fetch(run.banner('page'));
    assert.equal(page.status, 200);
    assert.match(await page.text(), /<script/);
    run.signal('SIGTERM');
    assert.equal(await run.exited, 0);
    assert.match(await session.closed, /wamp\.close\.system_shutdown/);
  });

  it('simulates no devices with --no-demo, or with a configuration without demo', async () => {
    const file = join(folder, 'plain.yaml');
    writeFileSync(file, 'version: 1\nbridges: { mqtt: { port: 0 } }\n');
    for (const [args, environment] of [
      [[...free, '--no-demo'], freeBridgePorts],
      [[...free, '-c', file], {}],
      [free, { WAMPWAY_CONFIG: file }],
    ] as const) {
      const run = await Run.start(args, environment).ready();
      assert.doesNotMatch(run.out, /simulated/);
      run.signal('SIGINT');
      assert.equal(await run.exited, 0);
    }
    const wanted = await Run.start([...free, '-c', file, '--demo'], {}).ready();
    assert.match(wanted.banner('simulated'), /greenhouse/);
    wanted.signal('SIGTERM');
    assert.equal(await wanted.exited, 0);
  });

  it('reports a port in use with one line and exit code 2, without a stack', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    for (const [args, environment, culprit] of [
      [['--port', String(port), '--rawsocket-port', '0'], freeBridgePorts, 'listeners[0]'],
      [free, { ...freeBridgePorts, WAMPWAY_BRIDGES__MQTT__PORT: String(port) }, 'bridge mqtt'],
      [free, { ...freeBridgePorts, WAMPWAY_BRIDGES__CBOR_TCP__PORT: String(port) }, 'bridge cbor-tcp'],
    ] as const) {
      const run = Run.start(args, environment);
      assert.equal(await run.exited, 2);
      assert.ok(
        run.err.startsWith(`wampway: ${culprit} cannot start: 127.0.0.1:${port} is taken by another program`),
        run.err,
      );
      assert.equal(run.err.trimEnd().split('\n').length, 1, run.err);
      assert.equal(run.out, '');
    }
    server.close();
  });

  it('rejects an invalid or missing configuration, a folder, and invalid options', async () => {
    const file = join(folder, 'wrong.yaml');
    writeFileSync(file, 'demo: maybe\n');
    for (const [args, error] of [
      [
        ['-c', file],
        /wampway: the configuration is not valid\n.*wrong\.yaml:1:7 {2}error {2}demo: must be true or false/,
      ],
      [
        ['-c', join(folder, 'absent.yaml')],
        /^wampway: .*absent\.yaml {2}error {2}cannot read the configuration: there is no such file\n$/,
      ],
      [['-c', folder], /it is a folder\n$/],
      [['--port', 'http'], /^wampway: --port: expected a port from 0 to 65535, received "http"\n$/],
      [['--port', '70000'], /expected a port/],
      [['surplus'], /too many arguments/],
    ] as const) {
      const run = Run.start(args);
      assert.equal(await run.exited, 2, run.err);
      assert.match(run.err, error);
      assert.doesNotMatch(run.err, /^\s+at /m);
    }
  });

  it('listens on the address of --host', async () => {
    const file = join(folder, 'open.yaml');
    writeFileSync(
      file,
      'listeners: [{ type: web, host: 0.0.0.0, port: 0 }, { type: rawsocket, host: 0.0.0.0, port: 0 }]',
    );
    const run = await Run.start(['-c', file, '--host', '127.0.0.1']).ready();
    assert.match(run.banner('WebSocket'), /^ws:\/\/127\.0\.0\.1:/);
    assert.match(run.banner('RawSocket'), /^tcp:\/\/127\.0\.0\.1:/);
    run.signal('SIGTERM');
    assert.equal(await run.exited, 0);
    const nowhere = Run.start([...free, '--host', '192.0.2.1']);
    assert.equal(await nowhere.exited, 2);
    assert.match(nowhere.err, /192\.0\.2\.1.* is not an address of this machine/);
  });

  it('run by npm, ends all its processes with exit code 0 after SIGTERM to npm or Ctrl-C', async () => {
    for (const [signal, group] of [
      ['SIGTERM', false],
      ['SIGINT', true],
    ] as const) {
      const run = await new Run('npm', ['start', '--ignore-scripts', '--', ...free, '--no-demo']).ready();
      const address = run.banner('RawSocket');
      run.signal(signal, group);
      // `close` is emitted when the last process that holds the pipes has ended.
      assert.equal(await run.exited, 0, run.err);
      await assert.rejects(joinRealm1(address));
    }
  });

  it('uses less than two seconds of processor time until it is ready', async () => {
    const run = await Run.start(free, { ...freeBridgePorts, WAMPWAY_LOG__LEVEL: 'debug' }).ready();
    // Processor time, because the elapsed time depends on the load of the machine.
    const seconds = await until('the line', () => /"cpuSeconds":([\d.]+),"text":"ready"/.exec(run.err)?.[1]);
    run.signal('SIGTERM');
    await run.exited;
    assert.ok(Number(seconds) < 2, `${seconds} s`);
  });
});
