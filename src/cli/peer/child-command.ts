import { type ChildProcess, spawn } from 'node:child_process';
import type { Writable } from 'node:stream';

export interface ChildCommandOptions {
  /** A line for the system's shell. */
  readonly command: string;
  readonly input: string;
  readonly env: Readonly<Record<string, string>>;
  /** Milliseconds. */
  readonly timeout: number;
  /** Bytes that it may write to its stdout. */
  readonly maxOutput: number;
  readonly signal: AbortSignal;
  /** Where its stderr goes. */
  readonly stderr: Writable;
}

/** How a command ended. */
export type ChildOutcome =
  | { readonly kind: 'exited'; readonly code: number; readonly output: string }
  | { readonly kind: 'killed'; readonly by: 'timeout' | 'output' | 'signal' | 'system' }
  | { readonly kind: 'failed'; readonly error: Error };

/** Milliseconds from the polite signal to the one that cannot be ignored. */
const KILL_AFTER = 1000;

/** Runs a command to its end, within bounds of time and output; past these, all of its processes are ended. */
export function runChildCommand(options: ChildCommandOptions): Promise<ChildOutcome> {
  return new Promise(resolve => {
    // A process group of its own: a shell's children die with it.
    const child = spawn(options.command, {
      shell: true,
      detached: process.platform !== 'win32',
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, ...options.env },
    });
    const chunks: Uint8Array[] = [];
    let size = 0;
    let killed: 'timeout' | 'output' | 'signal' | undefined;
    let force: NodeJS.Timeout | undefined;
    const kill = (by: 'timeout' | 'output' | 'signal'): void => {
      if (killed !== undefined) return;
      killed = by;
      signalGroup(child, 'SIGTERM');
      // The end of a command must not wait for the reader of our stderr.
      child.stderr.destroy();
      force = setTimeout(() => signalGroup(child, 'SIGKILL'), KILL_AFTER);
    };
    const onAbort = (): void => kill('signal');
    const timer = setTimeout(() => kill('timeout'), options.timeout);
    const finish = (outcome: ChildOutcome): void => {
      clearTimeout(timer);
      clearTimeout(force);
      options.signal.removeEventListener('abort', onAbort);
      resolve(outcome);
    };
    options.signal.addEventListener('abort', onAbort, { once: true });
    child.stdout.on('data', (chunk: Uint8Array) => {
      size += chunk.byteLength;
      if (size <= options.maxOutput) chunks.push(chunk);
      else kill('output');
    });
    // One chunk at a time: a command that complains faster than our stderr is read waits, and takes no memory.
    child.stderr.on('data', (chunk: Uint8Array) => {
      child.stderr.pause();
      options.stderr.write(chunk, () => child.stderr.resume());
    });
    // A command need not read its input.
    child.stdin.on('error', () => {});
    child.stdin.end(options.input);
    child.on('error', error => finish({ kind: 'failed', error }));
    child.on('close', code => {
      if (killed !== undefined) finish({ kind: 'killed', by: killed });
      else if (code === null) finish({ kind: 'killed', by: 'system' });
      else finish({ kind: 'exited', code, output: Buffer.concat(chunks).toString('utf8') });
    });
    if (options.signal.aborted) onAbort();
  });
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    if (process.platform === 'win32') child.kill(signal);
    else process.kill(-child.pid, signal);
  } catch {
    // It has ended meanwhile.
  }
}
