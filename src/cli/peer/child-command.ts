import { type ChildProcess, spawn } from 'node:child_process';
import type { Writable } from 'node:stream';

export interface ChildCommandOptions {
  /** A command line for the system's shell. */
  readonly command: string;
  readonly input: string;
  readonly env: Readonly<Record<string, string>>;
  /** Milliseconds. */
  readonly timeout: number;
  /** Maximum number of bytes on stdout. */
  readonly maxOutput: number;
  readonly signal: AbortSignal;
  /** Receives the stderr of the command. */
  readonly stderr: Writable;
}

/** How a command ended. */
export type ChildOutcome =
  | { readonly kind: 'exited'; readonly code: number; readonly output: string }
  | { readonly kind: 'killed'; readonly by: 'timeout' | 'output' | 'signal' | 'system' }
  | { readonly kind: 'failed'; readonly error: Error };

/** Milliseconds between SIGTERM and SIGKILL. */
const KILL_AFTER = 1000;

/** Runs a command within limits of time and output. If it exceeds them, all of its processes are ended. */
export function runChildCommand(options: ChildCommandOptions): Promise<ChildOutcome> {
  return new Promise(resolve => {
    // The command gets its own process group, so that the children of its shell can be ended too.
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
      // The end of a command must not depend on the reader of this process's stderr.
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
    // One chunk at a time: if stderr is read slowly, the command waits, and no memory is used.
    child.stderr.on('data', (chunk: Uint8Array) => {
      child.stderr.pause();
      options.stderr.write(chunk, () => child.stderr.resume());
    });
    // The command may exit without reading its input.
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
    // The process has already ended.
  }
}
