import type { Readable, Writable } from 'node:stream';

/** What a command may touch of its process; injected, so that tests run commands in-process. */
export interface CliIo {
  readonly stdout: Writable;
  readonly stderr: Writable;
  readonly stdin: Readable;
  /** Aborted by Ctrl-C or SIGTERM: the command says goodbye to whom it talks and ends, with exit code 0. */
  readonly signal: AbortSignal;
  /** Where secrets may be that nobody wants on a command line. Default: there is nothing in it. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /**
   * For a command that outlives its terminal: from this call on, SIGHUP calls `onHangup` instead of ending the command, and an
   * output that takes no more is ignored.
   */
  readonly outlive?: (onHangup: () => void) => void;
}

/** A positional argument. Only the last may be variadic; it collects all that is left. */
export interface CliArgument {
  readonly name: string;
  readonly summary: string;
  readonly required: boolean;
  readonly variadic?: boolean;
}

export interface CliOption {
  /** As people write it: `--realm <name>` takes a value, `-c, --config <file>` has a short form, `--json` is a switch. */
  readonly flags: string;
  readonly summary: string;
  /** Taken where the option is not given. */
  readonly default?: string;
  /** The only values accepted. */
  readonly choices?: readonly string[];
  /** May be given more than once; the command receives the list of values. */
  readonly repeatable?: boolean;
}

/** An example for `--help`. */
export interface CliExample {
  readonly command: string;
  readonly shows: string;
}

/**
 * The options given, by the long name in camelCase (`--max-invocations` is `maxInvocations`): text for an option with a
 * value, a list of texts for a repeatable one, true for a switch; undefined where not given and without default.
 */
export type CliOptions = Readonly<Record<string, string | boolean | readonly string[] | undefined>>;

/** Exit codes of all commands. */
export const ExitCode = {
  Ok: 0,
  /** It was understood and asked for, and the answer was no. */
  Failed: 1,
  /** Nothing was asked: wrong usage, wrong configuration, nobody there to ask. */
  Unable: 2,
} as const;

/** One command of the command line, described without any parser's vocabulary. */
export interface CliCommand {
  readonly name: string;
  /** One line for the list of commands. */
  readonly summary: string;
  readonly arguments: readonly CliArgument[];
  readonly options: readonly CliOption[];
  readonly examples: readonly CliExample[];
  /**
   * `args` are the positional arguments in order, those of a variadic one at the end. Resolves with the exit code; what
   * went wrong has been said on `io.stderr`. Throws `CliError` for what the caller prints and turns into an exit code.
   */
  run(args: readonly string[], options: CliOptions, io: CliIo): Promise<number>;
}

/** A failure for people: one line that says where and what to do. Printed without a stack, then the process exits. */
export class CliError extends Error {
  override readonly name = 'CliError';
  readonly exitCode: number;

  constructor(message: string, exitCode: number = ExitCode.Unable) {
    super(message);
    this.exitCode = exitCode;
  }
}
