import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { until } from '../../support/until.ts';

const examples = resolve(fileURLToPath(new URL('../../../../config/examples', import.meta.url)));

/** The example configurations: the file, the port of the proxy in it, and the command that runs it in a folder. */
const kinds = {
  nginx: {
    file: 'nginx.conf',
    port: 8088,
    command: (folder: string) => ['nginx', '-p', folder, '-e', 'error.log', '-c', join(folder, 'nginx.conf')],
  },
  caddy: {
    file: 'Caddyfile',
    port: 8089,
    command: (folder: string) => ['caddy', 'run', '--adapter', 'caddyfile', '--config', join(folder, 'Caddyfile')],
  },
} as const;

/** A reverse proxy as a process, with the example configuration of this project and other ports. */
export class ReverseProxy implements AsyncDisposable {
  readonly port: number;
  readonly #child: ChildProcess;
  readonly #folder: string;

  private constructor(port: number, child: ChildProcess, folder: string) {
    this.port = port;
    this.#child = child;
    this.#folder = folder;
  }

  static async start(kind: keyof typeof kinds, port: number, gatewayPort: number): Promise<ReverseProxy> {
    const { file, port: written, command } = kinds[kind];
    const folder = mkdtempSync(join(tmpdir(), `wampway-${kind}-`));
    // If root starts nginx, another user runs its workers.
    chmodSync(folder, 0o755);
    const text = readFileSync(join(examples, file), 'utf8');
    writeFileSync(
      join(folder, file),
      text.replaceAll('127.0.0.1:8080', `127.0.0.1:${gatewayPort}`).replaceAll(`:${written}`, `:${port}`),
    );
    const [program = '', ...args] = command(folder);
    const environment = {
      PATH: `${process.env['PATH']}:/usr/sbin:/usr/local/sbin`,
      HOME: folder,
      XDG_CONFIG_HOME: folder,
      XDG_DATA_HOME: folder,
    };
    const child = spawn(program, args, { cwd: folder, env: environment, stdio: ['ignore', 'ignore', 'pipe'] });
    let told = '';
    child.stderr.on('data', (chunk: Buffer) => {
      told += chunk.toString();
    });
    await until(`${kind} listens`, async () => {
      if (child.exitCode !== null) throw new Error(`${kind} ended: ${told}`);
      return accepts(port);
    });
    return new ReverseProxy(port, child, folder);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null) {
      const exited = once(this.#child, 'exit');
      this.#child.kill('SIGTERM');
      await exited;
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

function accepts(port: number): Promise<boolean> {
  return new Promise(done => {
    const socket = connect(port, '127.0.0.1');
    socket.once('error', () => done(false));
    socket.once('connect', () => {
      socket.destroy();
      done(true);
    });
  });
}
