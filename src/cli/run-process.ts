import { closeSync } from 'node:fs';
import { isatty } from 'node:tty';
import { ExitCode } from './command/command.ts';
import { printableText } from './command/json-text.ts';
import { outputOf } from './output/file-output.ts';
import { type OutputLoss, ProcessOutput } from './output/process-output.ts';
import { type Program, runProgram } from './program.ts';

/** Exit code of a process that a signal cuts short: 128 and SIGINT's number, as shells have it. */
const INTERRUPTED = 130;

/** Milliseconds within which two signals are one: npm passes on the Ctrl-C that the terminal has sent to us as well. */
const ONE_KEYSTROKE = 300;

/** Milliseconds that a command has to end after it was asked to. */
const PATIENCE = 2_900;

/**
 * Runs the program as this process: arguments, streams and signals are the process's, and it ends with the exit code when its
 * output has been taken. The first SIGINT, SIGTERM or SIGHUP, or the end of the output's reader, asks the command to end, for
 * which it has a bounded time; a second signal ends it at once. A command that called `io.outlive` ends by SIGINT and SIGTERM only.
 */
export async function runProcess(program: Program): Promise<void> {
  const { stdin } = process;
  const stdout = new ProcessOutput(outputOf(1, process.stdout));
  const stderr = new ProcessOutput(outputOf(2, process.stderr));
  const abort = new AbortController();
  /** The exit code of the command, once it has ended. */
  let result: number | undefined;
  let hangup: (() => void) | undefined;
  let asked = 0;
  const terminals = [0, 1, 2].filter(handle => isatty(handle));

  // The only place that ends the process.
  const end = (code: number): never => {
    releaseTerminals(terminals);
    return process.exit(code);
  };

  /** Asks the command to end; `late` is the exit code if it has not ended in time. */
  const stop = (late: () => number): void => {
    asked = performance.now();
    abort.abort();
    setTimeout(() => end(late()), PATIENCE).unref();
  };
  const onSignal = (): void => {
    if (!abort.signal.aborted) {
      // If the command has ended, its output still waits, and is cut short.
      stop(() => (result === undefined ? ExitCode.Ok : INTERRUPTED));
    } else if (performance.now() - asked > ONE_KEYSTROKE) end(INTERRUPTED);
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, onSignal);
  process.on('SIGHUP', () => (hangup === undefined ? onSignal() : hangup()));

  stdout.onLoss(loss => {
    if (hangup !== undefined) return;
    if (!loss.closed) process.stderr.write(`${program.name}: cannot write the output: ${loss.error.message}\n`);
    if (!abort.signal.aborted) stop(() => exitCode(result, loss));
  });

  // Timers of the clock keep no process alive; a command that waits for one of them must not end by that.
  const alive = setInterval(() => {}, 2 ** 30);
  try {
    result = await runProgram(program, process.argv.slice(2), {
      ...{ stdout: stdout.stream, stderr: stderr.stream, stdin },
      signal: abort.signal,
      environment: process.env,
      outlive: onHangup => {
        hangup = onHangup;
      },
    });
  } catch (error) {
    result = ExitCode.Failed;
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    process.stderr.write(
      `${program.name}: this is a bug of ${program.name}, please report it\n${printableText(text)}\n`,
    );
  }
  await Promise.all([stdout.taken(), stderr.taken()]);
  clearInterval(alive);
  // What is left open, if anything, has no user any more.
  end(hangup === undefined ? exitCode(result, stdout.loss) : result);
}

/** At its exit, Node restores the terminals that it began with, and aborts if one of them has hung up. */
function releaseTerminals(handles: readonly number[]): void {
  for (const handle of handles) {
    if (isatty(handle)) continue;
    try {
      closeSync(handle);
    } catch {
      // It was closed already, which is as well.
    }
  }
}

/** A reader that has had enough (`| head -1`) is no failure of the command; output that could not be written is one. */
function exitCode(result: number | undefined, loss: OutputLoss | undefined): number {
  if (loss !== undefined && !loss.closed) return ExitCode.Failed;
  return result ?? ExitCode.Ok;
}
