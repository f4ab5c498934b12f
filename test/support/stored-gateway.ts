import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePorts } from './free-ports.ts';
import { until } from './until.ts';

const program = fileURLToPath(new URL('../../src/main.js', import.meta.url));

export interface StoredGatewayOptions {
  /** The folder of `gateway.yaml`; the data folder is `data` in it, unless `data` names another. */
  readonly folder: string;
  /** Lines of the configuration, in YAML. */
  readonly more?: string;
  /** Settings in the section of the MQTT bridge, in YAML's short form, each followed by a comma. */
  readonly mqtt?: string;
  /** Settings in the section `data`, in the same form. */
  readonly data?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** A program that runs this one: `prlimit --nofile=64 --`. */
  readonly wrapper?: readonly string[];
}

/** The compiled program with a data folder, a web listener and an MQTT broker, in a process of its own. */
export class StoredGateway implements AsyncDisposable {
  readonly mqttPort: number;
  readonly webPort: number;
  readonly #options: StoredGatewayOptions;
  #child: ChildProcess | undefined;
  #output = '';

  private constructor(options: StoredGatewayOptions, webPort: number, mqttPort: number) {
    this.#options = options;
    this.webPort = webPort;
    this.mqttPort = mqttPort;
  }

  /** Writes the configuration, starts the program and waits until it is ready. */
  static async start(options: StoredGatewayOptions): Promise<StoredGateway> {
    const [web = 0, mqtt = 0] = await freePorts(2);
    const gateway = new StoredGateway(options, web, mqtt);
    await writeFile(
      join(options.folder, 'gateway.yaml'),
      `version: 1
listeners:
  - { type: web, host: 127.0.0.1, port: ${web} }
data: { ${options.data ?? ''} path: data }
bridges:
  mqtt: { ${options.mqtt ?? ''} port: ${mqtt} }
${options.more ?? ''}`,
    );
    await gateway.start();
    return gateway;
  }

  /** Starts the program again. */
  async start(): Promise<void> {
    const { folder, env, wrapper = [] } = this.#options;
    const [file = process.execPath, ...args] = [
      ...wrapper,
      process.execPath,
      program,
      'start',
      '-c',
      join(folder, 'gateway.yaml'),
    ];
    const child = spawn(file, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child = child;
    this.#output = '';
    const collect = (data: unknown): void => {
      this.#output += String(data);
    };
    child.stdout?.on('data', collect);
    child.stderr?.on('data', collect);
    await until('the gateway is ready', () => this.#output.includes('is ready') || child.exitCode !== null, 60);
    if (child.exitCode !== null) throw new Error(`the gateway ended with ${child.exitCode}:\n${this.#output}`);
  }

  /** The output since its last start. */
  get output(): string {
    return this.#output;
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  /** The answer of `/healthz`. */
  async health(): Promise<Record<string, unknown>> {
    const answer = await fetch(`http://127.0.0.1:${this.webPort}/healthz`, { signal: AbortSignal.timeout(5_000) });
    return JSON.parse(await answer.text());
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill(signal);
    await exited;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop('SIGKILL');
  }
}
