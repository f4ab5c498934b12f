import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';
import type { Bridge } from '../../gateway/bridge/bridge.ts';
import type { GatewayConfig, ListenerConfig } from '../../gateway/config/config-schema.ts';
import { loadToStart } from '../../gateway/config/load-config.ts';
import { principalRoleWarnings } from '../../gateway/config/role-problems.ts';
import { ConfigError } from '../../gateway/config/values/config-problem.ts';
import type { BufferedLog } from '../../gateway/logging/buffered-log.ts';
import { type CliCommand, CliError, type CliIo, type CliOptions, ExitCode } from '../command/command.ts';
import { printableText } from '../command/json-text.ts';
import { guardProcess, type ProcessGuard } from '../output/process-guard.ts';
import { banner } from './banner.ts';
import { configFile } from './check.ts';

export interface StartDependencies {
  readonly bridges: readonly Bridge[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly createLog: (config: GatewayConfig['log']) => Promise<BufferedLog>;
  /** Folder of the built console. */
  readonly pageFolder: string;
}

/** `wampway start`: runs the gateway until a signal stops it. */
export function startCommand(dependencies: StartDependencies): CliCommand {
  return {
    name: 'start',
    summary: 'run the gateway',
    arguments: [],
    options: [
      { flags: '-c, --config <file>', summary: 'configuration (default: WAMPWAY_CONFIG, else the built-in one)' },
      { flags: '--demo', summary: 'simulate devices on the enabled bridges (default without a configuration)' },
      { flags: '--no-demo', summary: 'do not simulate devices' },
      {
        flags: '--host <address>',
        summary: 'listen on this address instead of the configured ones (not for bridges)',
      },
      { flags: '--port <number>', summary: 'port of the first web listener; 0 selects a free port' },
      { flags: '--rawsocket-port <number>', summary: 'port of the first RawSocket listener; 0 selects a free port' },
    ],
    examples: [
      { command: 'wampway start', shows: 'runs the gateway on this machine only, with simulated devices' },
      { command: 'wampway start -c gateway.yaml', shows: 'runs the gateway with this configuration' },
      { command: 'wampway start --no-demo --port 9000', shows: 'no simulated devices; the page on port 9000' },
    ],
    run: (_args, options, io) => start(dependencies, options, io),
  };
}

async function start(dependencies: StartDependencies, options: CliOptions, io: CliIo): Promise<number> {
  const { bridges, clock, environment, pageFolder } = dependencies;
  const hangups = new HangupLog();
  io.detachFromTerminal?.(() => hangups.add());
  const file = configFile(options['config'], environment);
  const config = await readConfig(file, dependencies, config => withOptions(config, options));
  const bufferedLog = await dependencies.createLog(config.log);
  const { log } = bufferedLog;
  hangups.logTo(log);
  for (const { source, path, text, hint } of principalRoleWarnings(config, environment)) {
    log.warn({ file: source, path, reason: text, hint }, 'principal has a role that does not exist');
  }
  // Loaded here, because the commands of a client do not need the gateway.
  const [{ Gateway }, { StartError }] = await Promise.all([
    import('../../gateway/gateway.ts'),
    import('../../gateway/support/start-error.ts'),
  ]);
  await using guard = guardProcess(log, clock);
  await using gateway = new Gateway(config, { bridges, log, clock, pageFolder });
  const ended = endOf(io.signal, guard);
  const started = gateway.start().catch((error: unknown) => {
    if (!(error instanceof StartError)) throw error;
    bufferedLog.discard();
    throw new CliError(error.message);
  });
  const early = await Promise.race([started, ended]).finally(() => bufferedLog.release());
  if (early !== undefined) return early;
  io.stdout.write(`${printableText(banner(gateway, file).join('\n'))}\n`);
  const { user, system } = process.cpuUsage();
  log.debug({ seconds: Number(process.uptime().toFixed(3)), cpuSeconds: (user + system) / 1e6 }, 'ready');
  // `await` is required here: the gateway is disposed of when this function returns.
  return await ended;
}

/** Resolves with the exit code when a signal stops the gateway, or when its state is fatal. */
function endOf(signal: AbortSignal, guard: ProcessGuard): Promise<number> {
  return new Promise<number>(resolve => {
    if (signal.aborted) resolve(ExitCode.Ok);
    signal.addEventListener('abort', () => resolve(ExitCode.Ok), { once: true });
    void guard.fatal.then(() => resolve(ExitCode.Failed));
  });
}

/** Logs each SIGHUP. Signals that arrive before the log is open are counted and logged later. */
class HangupLog {
  #early = 0;
  #log: Logger | undefined;

  /** Records one SIGHUP. */
  add(): void {
    if (this.#log === undefined) this.#early++;
    else this.#log.warn({ signal: 'SIGHUP' }, 'signal ignored: SIGHUP does not end the gateway; SIGTERM and SIGINT do');
  }

  logTo(log: Logger): void {
    this.#log = log;
    for (; this.#early > 0; this.#early--) this.add();
  }
}

async function readConfig(
  file: string | undefined,
  { environment, bridges }: StartDependencies,
  adjust: (config: GatewayConfig) => GatewayConfig,
): Promise<GatewayConfig> {
  try {
    return await loadToStart({ file, environment, bridges, adjust });
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const [first] = error.problems;
    // A single problem without a place in the file fits on one line.
    const oneLine = error.problems.length === 1 && first?.span === undefined;
    throw new CliError(oneLine ? error.message : `the configuration is not valid\n${error.message}`);
  }
}

/** Returns the configuration with the options of the command line applied. */
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
  if (!/^\d{1,5}$/.test(text) || port > 65535) {
    throw new CliError(`${flag}: expected a port from 0 to 65535, received "${text}"`);
  }
  return port;
}
