import type { Readable, Writable } from 'node:stream';

/** The parts of the process that a command uses. They are injected, so tests can run commands in their own process. */
export interface CliIo {
  readonly stdout: Writable;
  readonly stderr: Writable;
  readonly stdin: Readable;
  /** Aborted by Ctrl-C or SIGTERM. The command then leaves its session and ends with exit code 0. */
  readonly signal: AbortSignal;
  /** Environment variables. They may hold secrets, which do not belong on a command line. Default: none. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /**
   * Keeps the command running after its terminal was closed. From this call on, SIGHUP calls `onHangup` instead of
   * ending the command, and a failed output is ignored.
   */
  readonly detachFromTerminal?: (onHangup: () => void) => void;
}

/** A positional argument. Only the last one may be variadic. It collects all remaining arguments. */
export interface CliArgument {
  readonly name: string;
  readonly summary: string;
  readonly required: boolean;
  readonly variadic?: boolean;
}

export interface CliOption {
  /** `--realm <name>` takes a value, `-c, --config <file>` has a short form, `--json` is a switch. */
  readonly flags: string;
  readonly summary: string;
  /** The value if the option is missing. */
  readonly default?: string;
  /** The only values accepted. */
  readonly choices?: readonly string[];
  /** May be given more than once. The command receives the list of values. */
  readonly repeatable?: boolean;
}

/** An example for `--help`. */
export interface CliExample {
  readonly command: string;
  readonly shows: string;
}

/**
 * The parsed options by their long name in camelCase (`--max-invocations` is `maxInvocations`). The value is a text for
 * an option with a value, a list of texts for a repeatable option, and true for a switch. It is undefined if the option
 * is missing and has no default.
 */
export type CliOptions = Readonly<Record<string, string | boolean | readonly string[] | undefined>>;

/** Exit codes of all commands. */
export const ExitCode = {
  Ok: 0,
  /** The request was rejected or failed. */
  Failed: 1,
  /** No request was made: invalid usage or configuration, or no connection to a router. */
  Unable: 2,
} as const;

/** One command of the command line, described independently of the parser. */
export interface CliCommand {
  readonly name: string;
  /** One line for the list of commands. */
  readonly summary: string;
  readonly arguments: readonly CliArgument[];
  readonly options: readonly CliOption[];
  readonly examples: readonly CliExample[];
  /**
   * Resolves with the exit code, after it has printed problems on `io.stderr`. `args` are the positional arguments in
   * order, with those of a variadic argument at the end. Throws `CliError`, which the caller prints and turns into an
   * exit code.
   */
  run(args: readonly string[], options: CliOptions, io: CliIo): Promise<number>;
}

/** An error for the user: where it happened and what to do. It is printed without a stack, then the process exits. */
export class CliError extends Error {
  override readonly name = 'CliError';
  readonly exitCode: number;

  constructor(message: string, exitCode: number = ExitCode.Unable) {
    super(message);
    this.exitCode = exitCode;
  }
}
