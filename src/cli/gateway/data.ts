import type { Clock } from '../../base/clock.ts';
import type { Bridge } from '../../gateway/bridge/bridge.ts';
import { loadConfig } from '../../gateway/config/load-config.ts';
import { ConfigError } from '../../gateway/config/values/config-problem.ts';
import { type CliCommand, CliError, type CliIo, type CliOptions, ExitCode } from '../command/command.ts';
import { printable } from '../command/json-text.ts';
import { text } from '../command/option-values.ts';
import { configFile } from './check.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** `wampway data`: checks or repairs the data folder of a stopped gateway. */
export function dataCommand(bridges: readonly Bridge[], environment: Environment, clock: Clock): CliCommand {
  return {
    name: 'data',
    summary: 'check or repair the data folder of a stopped gateway',
    arguments: [{ name: 'what', summary: 'check or repair', required: true }],
    options: [
      { flags: '-c, --config <file>', summary: 'the configuration that names the folder (default: WAMPWAY_CONFIG)' },
      { flags: '--data <path>', summary: 'the data folder, instead of the configured one' },
      { flags: '--json', summary: 'check: print the result as JSON' },
    ],
    examples: [
      {
        command: 'wampway data check -c gateway.yaml',
        shows: 'lists damaged records and changes nothing; exit code 0 without damage, else 1',
      },
      {
        command: 'wampway data repair --data /var/lib/wampway',
        shows: 'keeps the readable records of a damaged store, and moves damaged files to its folder "lost"',
      },
    ],
    async run([what], options, io) {
      if (what !== 'check' && what !== 'repair') {
        throw new CliError(`data: expected check or repair, received "${printable(what ?? '')}"`);
      }
      const folder = folderOf(options, bridges, environment);
      // Loaded here, because other commands do not need the store.
      const { StoreUnusable } = await import('../../store/files/store-files.ts');
      try {
        return what === 'check'
          ? await check(folder, options['json'] === true, bridges, clock, io)
          : await repair(folder, io);
      } catch (error) {
        if (error instanceof StoreUnusable)
          throw new CliError(`the data folder ${folder} cannot be used: ${error.message}`);
        throw error;
      }
    },
  };
}

async function check(
  folder: string,
  json: boolean,
  bridges: readonly Bridge[],
  clock: Clock,
  { stdout }: CliIo,
): Promise<number> {
  const { checkStore } = await import('../../store/store-check.ts');
  const inspect = (key: string, value: Uint8Array): void => {
    const [, name, rest = ''] = /^([^/]*)\/(.*)$/s.exec(key) ?? [];
    bridges.find(bridge => bridge.name === name)?.inspect?.(rest, value);
  };
  const { records, damaged, aside } = await checkStore(folder, inspect, clock);
  const ok = damaged.length === 0;
  if (json) stdout.write(`${JSON.stringify({ ok, folder, records, damaged, aside })}\n`);
  else {
    for (const { key, reason } of damaged) stdout.write(`damaged: ${printable(key)}: ${printable(reason)}\n`);
    for (const name of aside) stdout.write(`moved to the folder "lost" earlier: ${printable(name)}\n`);
    stdout.write(ok ? `OK  ${folder}: ${records} records\n` : `${damaged.length} damaged, ${records} readable\n`);
  }
  return ok ? ExitCode.Ok : ExitCode.Failed;
}

async function repair(folder: string, { stdout }: CliIo): Promise<number> {
  const { repairStore } = await import('../../store/store-check.ts');
  const { aside, missing } = await repairStore(folder);
  for (const text of missing) stdout.write(`missing: ${printable(text)}\n`);
  for (const name of aside) stdout.write(`damaged, moved to the folder "lost": ${name}\n`);
  stdout.write(`repaired: ${folder}\n`);
  return ExitCode.Ok;
}

/** Returns the folder that `--data` or the configuration names. */
function folderOf(options: CliOptions, bridges: readonly Bridge[], environment: Environment): string {
  const named = text(options, 'data');
  if (named !== undefined) return named;
  const file = configFile(options['config'], environment);
  try {
    const path = file && loadConfig({ file, environment, bridges, withoutPrincipals: true }).data?.path;
    if (path !== undefined && path !== '') return path;
  } catch (error) {
    if (error instanceof ConfigError) throw new CliError(`the configuration is not valid\n${error.message}`);
    throw error;
  }
  throw new CliError(
    'the data folder is missing: use --data PATH, or -c FILE with a configuration that contains "data"',
  );
}
