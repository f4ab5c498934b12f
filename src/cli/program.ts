import { Command, CommanderError, Option } from 'commander';
import {
  type CliArgument,
  type CliCommand,
  CliError,
  type CliIo,
  type CliOptions,
  ExitCode,
} from './command/command.ts';
import { printableText } from './command/json-text.ts';

export interface Program {
  readonly name: string;
  readonly summary: string;
  readonly version: string;
  readonly commands: readonly CliCommand[];
}

/**
 * Runs the command line `args` (without node and script) and resolves with the exit code (`ExitCode`). All output goes
 * to `io`.
 */
export async function runProgram(program: Program, args: readonly string[], io: CliIo): Promise<number> {
  let exitCode: number = ExitCode.Ok;
  const root = new Command(program.name)
    .description(program.summary)
    .version(program.version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'explain this command, with examples')
    .helpCommand('help [command]', 'explain a command')
    .exitOverride()
    .showSuggestionAfterError(true)
    .configureOutput({
      writeOut: text => io.stdout.write(text),
      writeErr: text => io.stderr.write(printableText(text)),
      // Print the errors of commander in the same form as a CliError.
      outputError: (text, write) => write(`${program.name}: ${text.replace(/^error: /, '')}`),
    });
  root.addHelpText('after', examplesText(program.commands.flatMap(({ examples }) => examples.slice(0, 1))));
  root.addHelpText('after', EXIT_CODES);
  for (const command of program.commands) {
    root.addCommand(
      toCommand(command, async (args, options) => {
        exitCode = await command.run(args, options, io);
      }).copyInheritedSettings(root),
    );
  }
  try {
    await root.parseAsync([...args], { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return ExitCode.Ok;
      if (args.length > 0) io.stderr.write(hintFor(program, args));
      return ExitCode.Unable;
    }
    if (error instanceof CliError) {
      io.stderr.write(`${program.name}: ${printableText(error.message)}\n`);
      return error.exitCode;
    }
    throw error;
  }
}

function toCommand(command: CliCommand, run: (args: readonly string[], options: CliOptions) => Promise<void>): Command {
  const parser = new Command(command.name).description(command.summary);
  for (const argument of command.arguments) parser.argument(argumentText(argument), argument.summary);
  for (const option of command.options) {
    const added = new Option(option.flags, option.summary);
    if (option.choices !== undefined) added.choices(option.choices);
    if (option.default !== undefined) added.default(option.default);
    if (option.repeatable === true) {
      added.argParser((value: string, previous: readonly string[] | undefined) => [...(previous ?? []), value]);
    }
    parser.addOption(added);
  }
  parser.addHelpText('after', examplesText(command.examples));
  parser.action(async () => {
    await run(
      parser.processedArgs
        .flat()
        .filter(value => value !== undefined)
        .map(String),
      parser.opts<CliOptions>(),
    );
  });
  return parser;
}

function argumentText({ name, required, variadic }: CliArgument): string {
  const inner = variadic === true ? `${name}...` : name;
  return required ? `<${inner}>` : `[${inner}]`;
}

const EXIT_CODES = `
Exit codes:
  0    success; also if the reader of the output closes it (| head -1) or a signal stops the command
  1    the request was rejected or failed, or the output cannot be written
  2    no request was made: invalid usage or configuration, or no connection to a router
  130  a second signal, or a signal while output was still being written`;

function examplesText(examples: CliCommand['examples']): string {
  if (examples.length === 0) return '';
  return `\nExamples:\n${examples.map(({ command, shows }) => `  ${command}\n      ${shows}`).join('\n')}`;
}

function hintFor(program: Program, args: readonly string[]): string {
  const known = program.commands.find(({ name }) => name === args[0]);
  return `Run "${program.name} ${known === undefined ? '' : `${known.name} `}--help" for the usage.\n`;
}
