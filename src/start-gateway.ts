import { bridges } from '../bridges/index.ts';
import type { Clock } from './base/clock.ts';
import type { Logger } from './base/logger.ts';
import type { Bridge } from './gateway/bridge/bridge.ts';
import type { ConfigInput } from './gateway/config/config-schema.ts';
import { parseConfig } from './gateway/config/load-config.ts';
import { Gateway } from './gateway/gateway.ts';
import { pageFolder } from './gateway/support/package-files.ts';

export interface StartGatewayOptions {
  /** As in a configuration file, with the same defaults. A bridge runs only if it has a section. */
  readonly config?: ConfigInput;
  /** Bridges in addition to the built-in ones. */
  readonly bridges?: readonly Bridge[];
  /** Default: no log. */
  readonly log?: Logger;
  readonly clock?: Clock;
}

/**
 * Starts a gateway in this process. It runs until `stop()` or the end of an `await using` scope. Rejects with
 * `ConfigError` or `StartError`. Environment variables are ignored.
 */
export async function startGateway(options: StartGatewayOptions = {}): Promise<Gateway> {
  const { config = {}, bridges: more = [], ...rest } = options;
  const all = [...bridges, ...more];
  const gateway = new Gateway(parseConfig(config, all), { bridges: all, pageFolder, ...rest });
  await gateway.start();
  return gateway;
}
