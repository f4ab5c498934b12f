import type { Bridge } from '../../gateway/bridge/bridge.ts';
import type { GatewayConfig } from '../../gateway/config/config-schema.ts';
import { loadToStart } from '../../gateway/config/load-config.ts';
import { principalRoleWarnings } from '../../gateway/config/role-problems.ts';
import { ConfigError, type ConfigProblem } from '../../gateway/config/values/config-problem.ts';
import { type SilencedDevices, silencedDevices, silencedInWords } from '../../gateway/hosting/silenced-devices.ts';
import { type CliCommand, ExitCode } from '../command/command.ts';
import { printableText } from '../command/json-text.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** Returns the configuration file: `-c`, otherwise WAMPWAY_CONFIG. Undefined means the built-in configuration. */
export function configFile(option: unknown, environment: Environment): string | undefined {
  if (typeof option === 'string') return option;
  const named = environment['WAMPWAY_CONFIG'];
  return named === undefined || named === '' ? undefined : named;
}

/** `wampway check`: checks whether the gateway can start with a configuration, without starting it. */
export function checkCommand(bridges: readonly Bridge[], environment: Environment): CliCommand {
  return {
    name: 'check',
    summary: 'check a configuration without starting anything',
    arguments: [],
    options: [
      {
        flags: '-c, --config <file>',
        summary: 'configuration to check (default: WAMPWAY_CONFIG, else the built-in one)',
      },
      { flags: '--json', summary: 'print the result as JSON' },
    ],
    examples: [
      { command: 'wampway check -c gateway.yaml', shows: 'prints OK and a summary, or every error with its line' },
      { command: 'wampway check -c gateway.yaml --json', shows: 'the same for a script; exit code 0 or 2' },
    ],
    async run(_args, options, io) {
      const file = configFile(options['config'], environment);
      const json = options['json'] === true;
      const source = file ?? 'built-in default';
      try {
        const config = await loadToStart({ file, environment, bridges, withStore: true });
        const silenced = silencedDevices(config, bridges);
        const roles = principalRoleWarnings(config, environment);
        io.stdout.write(
          json ? jsonResult(source, config, [...silenced, ...roles]) : textResult(source, config, silenced, roles),
        );
        return ExitCode.Ok;
      } catch (error) {
        if (!(error instanceof ConfigError)) throw error;
        if (json) io.stdout.write(`${JSON.stringify({ ok: false, source, problems: error.problems })}\n`);
        else io.stderr.write(errorText(source, error));
        return ExitCode.Unable;
      }
    },
  };
}

function jsonResult(source: string, config: GatewayConfig, warnings: readonly unknown[]): string {
  return `${JSON.stringify({ ok: true, source, ...summaryOf(config), problems: [], warnings })}\n`;
}

function textResult(
  source: string,
  config: GatewayConfig,
  silenced: readonly SilencedDevices[],
  roles: readonly ConfigProblem[],
): string {
  const warnings = [...silenced.map(warningOf), ...roles.map(roleWarningOf)];
  return `OK  ${source}: ${textOf(summaryOf(config))}\n${warnings.join('')}`;
}

function errorText(source: string, error: ConfigError): string {
  const { length } = error.problems;
  return `${printableText(error.message)}\n${length} ${length === 1 ? 'error' : 'errors'} in ${source}\n`;
}

function warningOf(silenced: SilencedDevices): string {
  const [first = '', ...rest] = silencedInWords(silenced);
  return [`warning: ${first}`, ...rest.map(line => `  ${line}`), ''].map(printableText).join('\n');
}

function roleWarningOf({ source, path, text, hint = '' }: ConfigProblem): string {
  return printableText(`warning: ${source}: ${path}: ${text}; ${hint}\n`);
}

interface Summary {
  readonly realms: readonly string[];
  readonly listeners: readonly string[];
  readonly bridges: readonly string[];
  readonly demo: boolean;
}

function summaryOf(config: GatewayConfig): Summary {
  return {
    realms: config.realms.map(({ name }) => name),
    listeners: config.listeners.map(listener =>
      listener.type === 'rawsocket' && listener.unix !== undefined
        ? `rawsocket unix:${listener.unix}`
        : `${listener.type} ${listener.host}:${listener.port}`,
    ),
    bridges: Object.entries(config.bridges).flatMap(([name, section]) =>
      section === undefined || section === false ? [] : name,
    ),
    demo: config.demo ?? false,
  };
}

function textOf({ realms, listeners, bridges, demo }: Summary): string {
  const list = (items: readonly string[]): string => (items.length === 0 ? 'none' : items.join(', '));
  return `realms ${list(realms)}; listeners ${list(listeners)}; bridges ${list(bridges)}; demo ${demo ? 'on' : 'off'}`;
}
