import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { SlowPolicy } from '../../src/link/outgoing-policy.ts';
import { isDict } from '../../src/wamp/dict.ts';
import type { HostReady, HostReply, HostRequest, HostUsage } from './host-protocol.ts';

export interface RouterProcessOptions {
  readonly naive: boolean;
  /** What gives way for a peer that is too slow. Default: its connection. */
  readonly policy?: SlowPolicy;
  /** Where to put a CPU profile, and under what name. */
  readonly profile?: { readonly folder: string; readonly name: string };
}

function isReply(value: unknown): value is HostReply {
  return isDict(value) && (value['kind'] === 'ready' || value['kind'] === 'usage');
}

/** A router in a process of its own. */
export class RouterProcess {
  readonly webPort: number;
  readonly rawPort: number;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, { webPort, rawPort }: HostReady) {
    this.#child = child;
    this.webPort = webPort;
    this.rawPort = rawPort;
  }

  static async start({ naive, policy, profile }: RouterProcessOptions): Promise<RouterProcess> {
    const profiling =
      profile === undefined
        ? []
        : ['--cpu-prof', `--cpu-prof-dir=${profile.folder}`, `--cpu-prof-name=${profile.name}`];
    const args = [...(naive ? ['--naive'] : []), ...(policy === undefined ? [] : [`--policy=${policy}`])];
    const child = fork(fileURLToPath(new URL('router-host.js', import.meta.url)), args, {
      execArgv: ['--expose-gc', ...profiling],
    });
    const ready = await next(child);
    if (ready.kind !== 'ready') throw new Error('the router process did not start as expected');
    return new RouterProcess(child, ready);
  }

  usage(): Promise<HostUsage> {
    return this.#ask('usage');
  }

  /** As `usage`, after a garbage collection. */
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

/** The next reply; fails where the process ends instead. */
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
