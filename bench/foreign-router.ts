import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import type { Endpoint, Entrance, MeasuredRouter, Usage } from './measured-router.ts';

export interface ForeignRouterOptions {
  /**
   * `ws://host:port/path`, `tcp://host:port` (RawSocket) and `mqtt://host:port`, for the protocols that the router
   * speaks.
   */
  readonly urls: readonly string[];
  readonly realm: string;
  /** The command that starts it, split at spaces, without quotes. Default: it already runs. */
  readonly command?: string | undefined;
  /** Its process id, if it already runs. Without it, its CPU time is not known. */
  readonly pid?: number | undefined;
}

/** Linux counts processor time in hundredths of a second, independently of the tick of the kernel. */
const TICK_MICROSECONDS = 10_000;

const START_MILLISECONDS = 10_000;

/** Any WAMP router that is reachable at the given addresses. */
export class ForeignRouter implements MeasuredRouter {
  readonly realm: string;
  readonly #endpoints: ReadonlyMap<Entrance, Endpoint>;
  readonly #child: ChildProcess | undefined;
  readonly #pid: number | undefined;

  private constructor(options: ForeignRouterOptions, child: ChildProcess | undefined) {
    this.realm = options.realm;
    this.#endpoints = new Map(options.urls.map(endpointOf));
    this.#child = child;
    this.#pid = child?.pid ?? options.pid;
  }

  static async start(options: ForeignRouterOptions): Promise<ForeignRouter> {
    const [program, ...args] = options.command?.split(' ').filter(word => word !== '') ?? [];
    const child = program === undefined ? undefined : spawn(program, args, { stdio: 'ignore' });
    let failed: Error | undefined;
    child?.on('error', error => {
      failed = error;
    });
    // The router ends with this program, for whatever reason the program ends.
    const stop = (): void => void child?.kill();
    process.once('exit', stop);
    child?.once('exit', () => process.off('exit', stop));
    const router = new ForeignRouter(options, child);
    const end = performance.now() + START_MILLISECONDS;
    while (!(await router.#listens())) {
      if (failed !== undefined || performance.now() > end || (child?.exitCode ?? null) !== null) {
        await router.stop();
        throw new Error(`no router listens at ${options.urls.join(' and ')}${failed ? `: ${failed.message}` : ''}`);
      }
      await new Promise(resolve => setTimeout(resolve, 50));
    }
    return router;
  }

  speaks(entrance: Entrance): boolean {
    return this.#endpoints.has(entrance);
  }

  endpoint(entrance: Entrance): Endpoint {
    const endpoint = this.#endpoints.get(entrance);
    if (endpoint === undefined) throw new Error(`no address for ${entrance} was given`);
    return endpoint;
  }

  usage(): Promise<Usage> {
    return Promise.resolve(this.#pid === undefined ? unknownUsage : usageOf(this.#pid));
  }

  collect(): Promise<Usage> {
    return this.usage();
  }

  async stop(): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill();
    await gone;
  }

  async #listens(): Promise<boolean> {
    const open = await Promise.all([...this.#endpoints.values()].map(accepts));
    return open.every(Boolean);
  }
}

const entrances: ReadonlyMap<string, Entrance> = new Map([
  ['ws:', 'ws'],
  ['tcp:', 'raw'],
  ['mqtt:', 'mqtt'],
]);

function endpointOf(url: string): [Entrance, Endpoint] {
  const { protocol, hostname: host, port, pathname: path } = new URL(url);
  const entrance = entrances.get(protocol);
  if (entrance === undefined) throw new Error(`${url}: an address begins with ws://, tcp:// or mqtt://`);
  return [entrance, { host, port: Number(port), path: path === '' ? '/' : path }];
}

function accepts({ host, port }: Endpoint): Promise<boolean> {
  return new Promise(resolve => {
    const probe = createConnection({ host, port });
    probe.once('connect', () => {
      probe.destroy();
      resolve(true);
    });
    probe.once('error', () => resolve(false));
  });
}

const unknownUsage: Usage = { cpu: Number.NaN, rss: Number.NaN, heap: Number.NaN };

/** The resources of a process with all its threads, from Linux. Unknown on other systems. */
export function usageOf(pid: number): Usage {
  try {
    // After the name, which is in parentheses and may contain any characters.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    const ticks = Number(fields[11]) + Number(fields[12]);
    const [, kib] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
    return { cpu: ticks * TICK_MICROSECONDS, rss: Number(kib) * 1024, heap: Number.NaN };
  } catch {
    return unknownUsage;
  }
}
