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
 * Runs the command line `args` (without node and script) and resolves with the exit code: 0 done, 1 refused or failed,
 * 2 wrong usage or configuration, or nobody there to talk to. Everything for people goes to `io`.
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
      // commander's own words, as our errors read.
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
      const where = args.length === 0 ? '' : hintFor(program, args);
      if (where !== '') io.stderr.write(where);
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
  const made = new Command(command.name).description(command.summary);
  for (const argument of command.arguments) made.argument(argumentText(argument), argument.summary);
  for (const option of command.options) {
    const added = new Option(option.flags, option.summary);
    if (option.choices !== undefined) added.choices(option.choices);
    if (option.default !== undefined) added.default(option.default);
    if (option.repeatable === true) {
      added.argParser((value: string, previous: readonly string[] | undefined) => [...(previous ?? []), value]);
    }
    made.addOption(added);
  }
  made.addHelpText('after', examplesText(command.examples));
  made.action(async () => {
    await run(
      made.processedArgs
        .flat()
        .filter(value => value !== undefined)
        .map(String),
      made.opts<CliOptions>(),
    );
  });
  return made;
}

function argumentText({ name, required, variadic }: CliArgument): string {
  const inner = variadic === true ? `${name}...` : name;
  return required ? `<${inner}>` : `[${inner}]`;
}

const EXIT_CODES = `
Exit codes:
  0    done; also if the reader of the output leaves (| head -1) or a signal asks the command to end
  1    understood and refused, failed, or the output cannot be written
  2    nothing was asked: wrong usage or configuration, or no router to ask
  130  a second signal, or one that came while the output was not taken yet`;

function examplesText(examples: CliCommand['examples']): string {
  if (examples.length === 0) return '';
  return `\nExamples:\n${examples.map(({ command, shows }) => `  ${command}\n      ${shows}`).join('\n')}`;
}

function hintFor(program: Program, args: readonly string[]): string {
  const known = program.commands.find(({ name }) => name === args[0]);
  return `Run "${program.name} ${known === undefined ? '' : `${known.name} `}--help" for what can be said.\n`;
}
