import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { SlowPolicy } from '../src/link/outgoing-policy.ts';
import { isDict } from '../src/wamp/dict.ts';
import type { HostReady, HostReply, HostRequest, HostUsage } from './host-protocol.ts';
import type { Endpoint, Entrance, MeasuredRouter } from './measured-router.ts';

export interface RouterProcessOptions {
  /** Decodes and encodes everything, and writes each message by itself. Default false. */
  readonly naive?: boolean;
  /** The parts to leave out: the rules, or the meta API with its observer. Default: none. */
  readonly without?: readonly ('authorization' | 'meta')[];
  /** The policy for slow consumers. Default: disconnect. */
  readonly policy?: SlowPolicy;
  /** The folder and name of a CPU profile. */
  readonly profile?: { readonly folder: string; readonly name: string };
  /** The program, if it is that of another revision. */
  readonly host?: string;
}

const ownHost = fileURLToPath(new URL('router-host.js', import.meta.url));

function isReply(value: unknown): value is HostReply {
  return isDict(value) && (value['kind'] === 'ready' || value['kind'] === 'usage');
}

/** Our router in its own process. */
export class RouterProcess implements MeasuredRouter {
  readonly realm = 'realm1';
  readonly #child: ChildProcess;
  readonly #ready: HostReady;

  private constructor(child: ChildProcess, ready: HostReady) {
    this.#child = child;
    this.#ready = ready;
  }

  static async start(options: RouterProcessOptions = {}): Promise<RouterProcess> {
    const { naive = false, without = [], policy, profile, host = ownHost } = options;
    const profiling =
      profile === undefined
        ? []
        : ['--cpu-prof', `--cpu-prof-dir=${profile.folder}`, `--cpu-prof-name=${profile.name}`];
    const args = without.map(feature => `--without=${feature}`);
    if (naive) args.push('--naive');
    if (policy !== undefined) args.push(`--policy=${policy}`);
    const child = fork(host, args, { execArgv: ['--expose-gc', ...profiling] });
    const ready = await next(child);
    if (ready.kind !== 'ready') throw new Error('the router process did not start as expected');
    return new RouterProcess(child, ready);
  }

  speaks(entrance: Entrance): boolean {
    return entrance !== 'mqtt';
  }

  endpoint(entrance: Entrance): Endpoint {
    if (entrance === 'mqtt') throw new Error('a router alone speaks no MQTT');
    const port = entrance === 'ws' ? this.#ready.webPort : this.#ready.rawPort;
    return { host: '127.0.0.1', port, path: '/ws' };
  }

  usage(): Promise<HostUsage> {
    return this.#ask('usage');
  }

  collect(): Promise<HostUsage> {
    return this.#ask('collect');
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = once(this.#child, 'exit');
    this.#child.send('stop' satisfies HostRequest);
    await gone;
  }

  async #ask(request: HostRequest): Promise<HostUsage> {
    const answer = next(this.#child);
    this.#child.send(request);
    const usage = await answer;
    if (usage.kind !== 'usage') throw new Error('the router process answered with something else');
    return usage;
  }
}

/** The next reply. Rejects if the process ends instead. */
function next(child: ChildProcess): Promise<HostReply> {
  return new Promise((resolve, reject) => {
    const exited = (code: number | null, signal: string | null): void => {
      child.off('message', replied);
      reject(new Error(`the router process ended (${signal ?? `exit code ${code}`})`));
    };
    const replied = (message: unknown): void => {
      child.off('exit', exited);
      if (isReply(message)) resolve(message);
      else reject(new Error('the router process said something unexpected'));
    };
    child.once('message', replied);
    child.once('exit', exited);
  });
}
