import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BarePorts } from './bare-peer.ts';
import { freePorts } from './gateway-process.ts';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../../..');

/** The compiled program with `config/examples/conformance.yaml`, on free ports. */
export class ConformanceGateway {
  readonly ports: BarePorts;
  readonly #child: ChildProcess;
  #output = '';

  private constructor(ports: BarePorts, child: ChildProcess) {
    this.ports = ports;
    this.#child = child;
  }

  static async start(
    config = join(root, 'config/examples/conformance.yaml'),
    env: NodeJS.ProcessEnv = {},
  ): Promise<ConformanceGateway> {
    const [web = 0, rawSocket = 0] = await freePorts(2);
    const places = ['--port', String(web), '--rawsocket-port', String(rawSocket)];
    const child = spawn(process.execPath, [join(root, 'dist/src/main.js'), 'start', '-c', config, ...places], {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const gateway = new ConformanceGateway({ web, rawSocket }, child);
    const collect = (data: unknown): void => {
      gateway.#output += String(data);
    };
    child.stdout?.on('data', collect);
    child.stderr?.on('data', collect);
    await gateway.#ready();
    return gateway;
  }

  /** As `start`, with other realms: YAML, indented by two. */
  static async of(realms: string): Promise<ConformanceGateway> {
    const folder = await mkdtemp(join(tmpdir(), 'wampway-'));
    const config = join(folder, 'gateway.yaml');
    const listeners = ['web', 'rawsocket'].map(type => `  - { type: ${type}, port: 0, strict: true }\n`);
    await writeFile(config, `version: 1\nrealms:\n${realms}\nlisteners:\n${listeners.join('')}`);
    try {
      return await ConformanceGateway.start(config);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  /** Whether the process still runs. */
  get alive(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** All that it has printed. */
  get output(): string {
    return this.#output;
  }

  async stop(): Promise<void> {
    if (!this.alive) return;
    const exited = once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    await exited;
  }

  async #ready(): Promise<void> {
    const deadline = Date.now() + 20_000;
    for (;;) {
      const answer = await fetch(`http://127.0.0.1:${this.ports.web}/healthz`).catch(() => undefined);
      if (answer?.ok) return;
      if (!this.alive || Date.now() > deadline) {
        this.#child.kill('SIGKILL');
        throw new Error(`the gateway is not ready:\n${this.#output}`);
      }
      await new Promise(again => setTimeout(again, 50));
    }
  }
}
