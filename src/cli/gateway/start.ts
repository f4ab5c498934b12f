import type { Clock } from '../../base/clock.ts';
import type { Bridge } from '../../gateway/bridge/bridge.ts';
import type { GatewayConfig, ListenerConfig } from '../../gateway/config/config-schema.ts';
import { loadToStart } from '../../gateway/config/load-config.ts';
import { principalRoleWarnings } from '../../gateway/config/principal-role-warnings.ts';
import { ConfigError } from '../../gateway/config/values/config-problem.ts';
import type { BufferedLog } from '../../gateway/logging/buffered-log.ts';
import { type CliCommand, CliError, type CliOptions, ExitCode } from '../command/command.ts';
import { printableText } from '../command/json-text.ts';
import { HangupLog } from '../output/hangup-log.ts';
import { guardProcess } from '../output/process-guard.ts';
import { banner } from './banner.ts';
import { configFile } from './check.ts';

export interface StartSurroundings {
  readonly bridges: readonly Bridge[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly createLog: (config: GatewayConfig['log']) => Promise<BufferedLog>;
  /** Folder of the built page. */
  readonly pageFolder: string;
}

/** `wampway start`: runs the gateway until it is told to stop. */
export function startCommand(around: StartSurroundings): CliCommand {
  return {
    name: 'start',
    summary: 'run the gateway',
    arguments: [],
    options: [
      { flags: '-c, --config <file>', summary: 'configuration (default: WAMPWAY_CONFIG, else the built-in one)' },
      { flags: '--demo', summary: 'simulate devices behind the bridges that are on (default without a configuration)' },
      { flags: '--no-demo', summary: 'simulate nothing' },
      {
        flags: '--host <address>',
        summary: 'listen on this address instead of the configured ones (bridges excepted)',
      },
      { flags: '--port <number>', summary: 'port of the first web listener; 0 takes a free one' },
      { flags: '--rawsocket-port <number>', summary: 'port of the first RawSocket listener; 0 takes a free one' },
    ],
    examples: [
      { command: 'wampway start', shows: 'runs everything on this machine alone, with simulated devices to look at' },
      { command: 'wampway start -c gateway.yaml', shows: 'runs what the file says' },
      { command: 'wampway start --no-demo --port 9000', shows: 'no simulated devices; the page on port 9000' },
    ],
    run: async (_args, options, io) => {
      const hangups = new HangupLog();
      io.outlive?.(() => hangups.add());
      const file = configFile(options['config'], around.environment);
      const config = await read(file, around, config => withOptions(config, options));
      const held = await around.createLog(config.log);
      const { log } = held;
      hangups.logTo(log);
      for (const { source, path, text, hint } of principalRoleWarnings(config, around.environment)) {
        log.warn({ file: source, path, reason: text, hint }, 'a principal was given a role that does not exist');
      }
      // Loaded only now: commands that talk to a gateway need none of it.
      const [{ Gateway }, { StartError }] = await Promise.all([
        import('../../gateway/gateway.ts'),
        import('../../gateway/support/start-error.ts'),
      ]);
      const { bridges, clock, pageFolder } = around;
      await using guard = guardProcess(log, clock);
      await using gateway = new Gateway(config, { bridges, log, clock, pageFolder });
      const ended = new Promise<number>(resolve => {
        if (io.signal.aborted) resolve(ExitCode.Ok);
        io.signal.addEventListener('abort', () => resolve(ExitCode.Ok), { once: true });
        void guard.hopeless.then(() => resolve(ExitCode.Failed));
      });
      const started = gateway.start().catch((error: unknown) => {
        if (!(error instanceof StartError)) throw error;
        held.discard();
        throw new CliError(error.message);
      });
      const early = await Promise.race([started, ended]).finally(() => held.release());
      if (early !== undefined) return early;
      io.stdout.write(`${printableText(banner(gateway, file).join('\n'))}\n`);
      const { user, system } = process.cpuUsage();
      log.debug({ seconds: Number(process.uptime().toFixed(3)), cpuSeconds: (user + system) / 1e6 }, 'ready');
      // Awaited here, for what is left behind at the end of this scope is disposed of.
      return await ended;
    },
  };
}

async function read(
  file: string | undefined,
  { environment, bridges }: StartSurroundings,
  adjust: (config: GatewayConfig) => GatewayConfig,
): Promise<GatewayConfig> {
  try {
    return await loadToStart({ file, environment, bridges, adjust });
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const [first] = error.problems;
    // One line says it where one line can.
    const alone = error.problems.length === 1 && first?.span === undefined;
    throw new CliError(alone ? error.message : `the configuration cannot be used\n${error.message}`);
  }
}

/** The configuration with what the command line says laid over it. */
function withOptions(config: GatewayConfig, options: CliOptions): GatewayConfig {
  const port = portOf(options, 'port', '--port');
  const rawSocketPort = portOf(options, 'rawsocketPort', '--rawsocket-port');
  const host = typeof options['host'] === 'string' ? options['host'] : undefined;
  const web = config.listeners.findIndex(({ type }) => type === 'web');
  const raw = config.listeners.findIndex(listener => listener.type === 'rawsocket' && listener.unix === undefined);
  if (port !== undefined && web < 0) throw new CliError('--port: the configuration has no web listener');
  if (rawSocketPort !== undefined && raw < 0) {
    throw new CliError('--rawsocket-port: the configuration has no RawSocket listener on a port');
  }
  const changed = (listener: ListenerConfig, index: number): ListenerConfig => {
    const given = index === web ? port : index === raw ? rawSocketPort : undefined;
    return { ...listener, ...(host === undefined ? {} : { host }), ...(given === undefined ? {} : { port: given }) };
  };
  return {
    ...config,
    listeners: config.listeners.map(changed),
    ...(typeof options['demo'] === 'boolean' ? { demo: options['demo'] } : {}),
  };
}

function portOf(options: CliOptions, name: string, flag: string): number | undefined {
  const text = options[name];
  if (typeof text !== 'string') return undefined;
  const port = Number(text);
  if (!/^\d{1,5}$/.test(text) || port > 65535) throw new CliError(`${flag}: "${text}" is no port: 0 to 65535`);
  return port;
}
