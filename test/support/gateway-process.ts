import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePorts } from './free-ports.ts';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../../..');

/** Ports of a running gateway. */
export interface GatewayPorts {
  readonly web: number;
  readonly rawSocket: number;
  readonly mqtt: number;
  readonly device: number;
}

/** The compiled program in a process of its own, as a user starts it. */
export class GatewayProcess {
  readonly ports: GatewayPorts;
  readonly #child: ChildProcess;
  readonly #folder: string;
  #output = '';

  private constructor(ports: GatewayPorts, child: ChildProcess, folder: string) {
    this.ports = ports;
    this.#child = child;
    this.#folder = folder;
  }

  /**
   * Starts it with the usual listeners on free ports and whatever `bridges` (YAML, indented by two) adds, and waits
   * until it answers.
   */
  static async start(bridges = '', env: NodeJS.ProcessEnv = {}, given?: GatewayPorts): Promise<GatewayProcess> {
    const [web = 0, rawSocket = 0, mqtt = 0, device = 0] = await freePorts(4);
    const ports = given ?? { web, rawSocket, mqtt, device };
    const folder = await mkdtemp(join(tmpdir(), 'wampway-'));
    const config = join(folder, 'gateway.yaml');
    await writeFile(
      config,
      `version: 1
realms:
  - name: realm1
listeners:
  - { type: web, host: 127.0.0.1, port: ${ports.web} }
  - { type: rawsocket, host: 127.0.0.1, port: ${ports.rawSocket} }
  - { type: rawsocket, unix: ${join(folder, 'wamp.sock')} }
bridges:
  mqtt: { port: ${ports.mqtt} }
  cbor-tcp: { port: ${ports.device} }
${bridges}`,
    );
    const child = spawn(process.execPath, [join(root, 'dist/src/main.js'), 'start', '-c', config], {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const gateway = new GatewayProcess(ports, child, folder);
    const collect = (data: unknown): void => {
      gateway.#output += String(data);
    };
    child.stdout?.on('data', collect);
    child.stderr?.on('data', collect);
    await gateway.#ready();
    return gateway;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get url(): string {
    return `ws://127.0.0.1:${this.ports.web}/ws`;
  }

  /** The path of its Unix socket. */
  get socket(): string {
    return join(this.#folder, 'wamp.sock');
  }

  /** The whole output. */
  get output(): string {
    return this.#output;
  }

  /** Ends it with `signal`. Resolves with its exit code, or null if the signal killed it. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const exited = once(this.#child, 'exit');
      this.#child.kill(signal);
      await exited;
    }
    await rm(this.#folder, { recursive: true, force: true });
    return this.#child.exitCode;
  }

  async #ready(): Promise<void> {
    const deadline = Date.now() + 20_000;
    for (;;) {
      const answer = await fetch(`http://127.0.0.1:${this.ports.web}/healthz`).catch(() => undefined);
      if (answer?.ok) return;
      if (this.#child.exitCode !== null)
        throw new Error(`the gateway ended with ${this.#child.exitCode}:\n${this.#output}`);
      if (Date.now() > deadline) {
        this.#child.kill('SIGKILL');
        throw new Error(`the gateway is not ready after 20 s:\n${this.#output}`);
      }
      await new Promise(again => setTimeout(again, 50));
    }
  }
}
