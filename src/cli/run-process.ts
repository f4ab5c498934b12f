import { ExitCode } from './command.ts';
import { printableText } from './json-text.ts';
import { type Program, runProgram } from './program.ts';

/** Exit code of a process that a second Ctrl-C ends: 128 and SIGINT's number, as shells have it. */
const INTERRUPTED = 130;

/** Milliseconds within which two signals are one: npm passes on the Ctrl-C that the terminal has sent to us as well. */
const ONE_KEYSTROKE = 300;

/** Milliseconds that a command has to end after it was told to. */
const PATIENCE = 2_900;

/**
 * Runs the program as this process: arguments, streams and signals are the process's, and it ends with the exit code. The
 * first SIGINT, SIGTERM or SIGHUP asks the command to end, for which it has a bounded time; the second ends it at once.
 */
export async function runProcess(program: Program): Promise<void> {
  const abort = new AbortController();
  let told = 0;
  const onSignal = (): void => {
    if (abort.signal.aborted) {
      if (performance.now() - told > ONE_KEYSTROKE) process.exit(INTERRUPTED);
      return;
    }
    told = performance.now();
    abort.abort();
    setTimeout(() => process.exit(ExitCode.Ok), PATIENCE).unref();
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal);
  // Whoever reads our output may stop doing so (`wampway sub … | head -1`): then there is nothing left to do.
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) =>
      process.exit(error.code === 'EPIPE' ? ExitCode.Ok : ExitCode.Failed),
    );
  }
  // Timers of the clock keep no process alive; a command that waits for one of them must not end by that.
  const alive = setInterval(() => {}, 2 ** 30);
  const { stdout, stderr, stdin } = process;
  let exitCode: number;
  try {
    exitCode = await runProgram(program, process.argv.slice(2), {
      ...{ stdout, stderr, stdin },
      signal: abort.signal,
      environment: process.env,
    });
  } catch (error) {
    exitCode = ExitCode.Failed;
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    process.stderr.write(
      `${program.name}: this is a bug of ${program.name}, please report it\n${printableText(text)}\n`,
    );
  }
  clearInterval(alive);
  // What is left open, if anything, is nobody's any more.
  process.exit(exitCode);
}
