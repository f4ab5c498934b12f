import { closeSync } from 'node:fs';
import { isatty } from 'node:tty';
import { ExitCode } from './command/command.ts';
import { printableText } from './command/json-text.ts';
import { type OutputFailure, outputStream, ProcessOutput } from './output/process-output.ts';
import { type Program, runProgram } from './program.ts';

/** Exit code of a process that a signal interrupted: 128 and the number of SIGINT, as in shells. */
const INTERRUPTED = 130;

/**
 * Milliseconds within which a second signal is ignored: npm forwards a Ctrl-C that the terminal also sends to this
 * process.
 */
const DUPLICATE_SIGNAL_WINDOW = 300;

/** Milliseconds that a command has to end after it was asked to. */
const STOP_TIMEOUT = 2_900;

/**
 * Runs the program as this process: with its arguments, streams and signals. When the output is written, the process
 * exits with the exit code of the command. The first SIGINT, SIGTERM or SIGHUP asks the command to end, and so does a
 * reader that closes the output. The command then has a limited time. A second signal ends the process at once. After a
 * command called `io.detachFromTerminal`, only SIGINT and SIGTERM end it.
 */
export async function runProcess(program: Program): Promise<void> {
  await new ProcessRun(program).run();
}

class ProcessRun {
  readonly #program: Program;
  readonly #stdout = new ProcessOutput(outputStream(1, process.stdout));
  readonly #stderr = new ProcessOutput(outputStream(2, process.stderr));
  readonly #abort = new AbortController();
  readonly #terminals = [0, 1, 2].filter(descriptor => isatty(descriptor));
  /** The exit code of the command, after it has ended. */
  #result: number | undefined;
  #onHangup: (() => void) | undefined;
  #stoppedAt = 0;

  constructor(program: Program) {
    this.#program = program;
  }

  async run(): Promise<void> {
    this.#listen();
    // The clock's timers do not keep the process alive, so a command that waits for one of them would end early.
    const keepAlive = setInterval(() => {}, 2 ** 30);
    this.#result = await this.#runCommand();
    await Promise.all([this.#stdout.flushed(), this.#stderr.flushed()]);
    clearInterval(keepAlive);
    // If a handle is still open, nothing needs it any more.
    this.#exit(this.#onHangup === undefined ? exitCode(this.#result, this.#stdout.failure) : this.#result);
  }

  #listen(): void {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => this.#onSignal());
    process.on('SIGHUP', () => (this.#onHangup === undefined ? this.#onSignal() : this.#onHangup()));
    this.#stdout.onFailure(failure => {
      if (this.#onHangup !== undefined) return;
      if (!failure.closed) this.#report(`cannot write the output: ${failure.error.message}`);
      if (!this.#abort.signal.aborted) this.#stop(() => exitCode(this.#result, failure));
    });
  }

  async #runCommand(): Promise<number> {
    try {
      return await runProgram(this.#program, process.argv.slice(2), {
        ...{ stdout: this.#stdout.stream, stderr: this.#stderr.stream, stdin: process.stdin },
        signal: this.#abort.signal,
        environment: process.env,
        detachFromTerminal: onHangup => {
          this.#onHangup = onHangup;
        },
      });
    } catch (error) {
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
      this.#report(`this is a bug of ${this.#program.name}, please report it\n${printableText(text)}`);
      return ExitCode.Failed;
    }
  }

  #onSignal(): void {
    if (!this.#abort.signal.aborted) {
      // If the command has ended, only its output is pending, and the timeout truncates it.
      this.#stop(() => (this.#result === undefined ? ExitCode.Ok : INTERRUPTED));
    } else if (performance.now() - this.#stoppedAt > DUPLICATE_SIGNAL_WINDOW) this.#exit(INTERRUPTED);
  }

  /** Asks the command to end. After the timeout, the process exits with the code that `lateExitCode` returns. */
  #stop(lateExitCode: () => number): void {
    this.#stoppedAt = performance.now();
    this.#abort.abort();
    setTimeout(() => this.#exit(lateExitCode()), STOP_TIMEOUT).unref();
  }

  #report(text: string): void {
    process.stderr.write(`${this.#program.name}: ${text}\n`);
  }

  /** The only place that ends the process. */
  #exit(code: number): never {
    releaseTerminals(this.#terminals);
    return process.exit(code);
  }
}

/** Closes terminals that have hung up. On exit, Node restores its initial terminals, and aborts if one has hung up. */
function releaseTerminals(descriptors: readonly number[]): void {
  for (const descriptor of descriptors) {
    if (isatty(descriptor)) continue;
    try {
      closeSync(descriptor);
    } catch {
      // The descriptor was already closed.
    }
  }
}

/** A reader that closes the output (`| head -1`) is no failure of the command. A failed write is one. */
function exitCode(result: number | undefined, failure: OutputFailure | undefined): number {
  if (failure !== undefined && !failure.closed) return ExitCode.Failed;
  return result ?? ExitCode.Ok;
}
