import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { type Profiler, Session } from 'node:inspector/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { connectAsync } from 'mqtt';
import { bridges } from '../../bridges/index.ts';
import { parseConfig } from '../../src/gateway/config/load-config.ts';
import { Gateway } from '../../src/gateway/gateway.ts';
import { MessageType } from '../../src/wamp/messages/message-type.ts';
import { BarePeer, type Message, wireOf } from '../support/bare-peer.ts';
import { freePorts } from '../support/free-ports.ts';
import { until } from '../support/until.ts';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../../..');

/** Layers without a decision: time, collections, and the vocabulary of WAMP. The walks leave them out. */
const HELPERS = /^src\/(base|wamp)\//;

const WARM_UP = 5;
const RUNS = 5;

/** The files that a walk of ARCHITECTURE.md lists, in its order. */
function documented(heading: string): string[] {
  const text = readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8');
  const [, section = ''] = text.split(`\n### ${heading}\n`);
  const [walk = ''] = section.split('\n#');
  return [...walk.matchAll(/`((?:src|bridges)\/[^`]+)`/g)].map(([, file = '']) => file);
}

/** Records which modules of the program run a function, by the counters of V8. */
class Recorder {
  readonly #inspector = new Session();

  async start(): Promise<void> {
    this.#inspector.connect();
    await this.#inspector.post('Profiler.enable');
    await this.#inspector.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false });
  }

  /** The modules in which functions ran since the last call, as paths of their sources. */
  async modules(): Promise<string[]> {
    const { result } = await this.#inspector.post('Profiler.takePreciseCoverage');
    return result.filter(hasRun).flatMap(({ url }) => sourceOf(url));
  }

  stop(): void {
    this.#inspector.disconnect();
  }
}

function hasRun({ functions }: Profiler.ScriptCoverage): boolean {
  return functions.some(({ ranges }) => (ranges[0]?.count ?? 0) > 0);
}

function sourceOf(url: string): string[] {
  const path = url.startsWith('file:') ? relative(join(root, 'dist'), fileURLToPath(url)) : '';
  return /^(src|bridges)\/.*\.js$/.test(path) ? [path.replace(/\.js$/, '.ts')] : [];
}

/** Joins as a dashboard over WebSocket, with JSON. */
async function joinDashboard(gateway: Gateway): Promise<BarePeer> {
  const web = Number(gateway.listeners[0]?.address.split(':')[1]);
  const dashboard = await BarePeer.connect({ web, rawSocket: 0 }, wireOf('websocket', 'json'));
  await ask(dashboard, [MessageType.Hello, 'realm1', { roles: { subscriber: {}, caller: {} } }]);
  return dashboard;
}

/** Sends a message, and waits for the next one. */
function ask(dashboard: BarePeer, message: Message): Promise<Message> {
  dashboard.send(message);
  return dashboard.receive();
}

/** Runs `step` some times: only modules of every run are in its path, timers run others now and then. */
async function path(step: () => Promise<void>): Promise<string[]> {
  const recorder = new Recorder();
  await recorder.start();
  // Caches and objects of the first messages.
  for (let run = 0; run < WARM_UP; run++) await step();
  await recorder.modules();
  let common: string[] | undefined;
  for (let run = 0; run < RUNS; run++) {
    await step();
    const ran = new Set(await recorder.modules());
    common = common === undefined ? [...ran] : common.filter(module => ran.has(module));
  }
  recorder.stop();
  return (common ?? []).filter(module => !HELPERS.test(module)).sort();
}

describe('the walks of ARCHITECTURE.md', () => {
  it('PUBLISH: a message of an MQTT device passes the listed files to a dashboard', async () => {
    const [port = 0] = await freePorts(1);
    await using gateway = await started({ mqtt: { port } });
    const dashboard = await joinDashboard(gateway);
    const device = await connectAsync(`mqtt://127.0.0.1:${port}`);
    await ask(dashboard, [MessageType.Subscribe, 1, {}, 'mqtt.greenhouse.temperature']);
    const files = await path(async () => {
      device.publish('greenhouse/temperature', '21.5');
      const [type, , , , args] = await dashboard.receive();
      assert.deepEqual([type, args], [MessageType.Event, [21.5]]);
    });
    await device.endAsync();
    dashboard.end();
    assert.deepEqual(files, documented('PUBLISH, from an MQTT device to a dashboard').sort());
  });

  it('CALL: a call of a dashboard passes the listed files to a serial device and back', async () => {
    const relay = {
      name: 'relay.set',
      args: [{ name: 'state', type: 'enum', values: ['on', 'off'] }],
      write: 'RELAY {state}\n',
      expect: '^OK (?<state>on|off)$',
    };
    const greenhouse = { id: 'greenhouse', path: 'demo:greenhouse', procedures: [relay] };
    await using gateway = await started({ serial: { ports: [greenhouse] } });
    const dashboard = await joinDashboard(gateway);
    const call = [MessageType.Call, 1, {}, 'serial.greenhouse.relay.set', ['on']];
    let request = 1;
    // The procedure is registered shortly after the port is open.
    await until('the procedure', async () => (await ask(dashboard, call.with(1, ++request)))[0] === MessageType.Result);
    const files = await path(async () => {
      const [type, , , , kwargs] = await ask(dashboard, call.with(1, ++request));
      assert.deepEqual([type, kwargs], [MessageType.Result, { state: 'on' }]);
    });
    dashboard.end();
    assert.deepEqual(files, documented('CALL, from a dashboard to a serial device and back').sort());
  });
});

async function started(parts: Record<string, unknown>): Promise<Gateway> {
  const config = { listeners: [{ type: 'web', port: 0 }], bridges: parts };
  const gateway = new Gateway(parseConfig(config, bridges), { bridges });
  await gateway.start();
  return gateway;
}
