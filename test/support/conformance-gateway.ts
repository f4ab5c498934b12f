import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BarePorts } from './bare-peer.ts';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../../..');

/** The output when it is ready. */
const listening = /"listeners":\["web 127\.0\.0\.1:(\d+)","rawsocket 127\.0\.0\.1:(\d+)"/;

/** The compiled program with `config/examples/conformance.yaml`, on free ports. */
export class ConformanceGateway {
  /** Once it is ready. */
  ports: BarePorts = { web: 0, rawSocket: 0 };
  readonly #child: ChildProcess;
  #output = '';

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  static async start(
    config = join(root, 'config/examples/conformance.yaml'),
    env: NodeJS.ProcessEnv = {},
  ): Promise<ConformanceGateway> {
    const places = ['--port', '0', '--rawsocket-port', '0'];
    const child = spawn(process.execPath, [join(root, 'dist/src/main.js'), 'start', '-c', config, ...places], {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const gateway = new ConformanceGateway(child);
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

  /** The whole output. */
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
    const deadline = Date.now() + 60_000;
    for (;;) {
      const said = listening.exec(this.#output);
      if (said !== null) {
        this.ports = { web: Number(said[1]), rawSocket: Number(said[2]) };
        return;
      }
      if (!this.alive || Date.now() > deadline) {
        this.#child.kill('SIGKILL');
        throw new Error(`the gateway is not ready:\n${this.#output}`);
      }
      await new Promise(again => setTimeout(again, 50));
    }
  }
}
