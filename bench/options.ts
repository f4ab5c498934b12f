import { parseArgs } from 'node:util';
import type { Effort } from './effort.ts';
import type { ForeignRouterOptions } from './foreign-router.ts';

const full: Effort = {
  rounds: 5,
  roundMilliseconds: 500,
  warmUpMilliseconds: 800,
  idleSessions: 5000,
  growTo: 100_000,
  slowSeconds: 10,
  mqttMessages: 100_000,
  soakSeconds: 120,
};

const quick: Effort = {
  rounds: 3,
  roundMilliseconds: 150,
  warmUpMilliseconds: 100,
  idleSessions: 500,
  growTo: 1000,
  slowSeconds: 2,
  mqttMessages: 10_000,
  soakSeconds: 5,
};

export const usage = `usage: npm run bench -- [options] [part of a scenario's name …]
       npm run bench -- hostile [part of an attack's name …]: what other clients wait while one attacks; exit code 1 if
       the p99 of their calls is 20 ms or more
  --list                print the names of the scenarios
  --quick               shorter rounds, smaller tables: less exact
  --no-naive            without the naive router
  --against REV         beside another revision of this project, built in a temporary worktree
  --beside URL          beside any WAMP router that listens at ws://host:port/path or tcp://host:port (RawSocket), or
                        MQTT broker at mqtt://host:port; may be given once for each
  --beside-command CMD  starts that router, anew for each scenario
  --beside-pid PID      its process, where it runs already: only then is its CPU known (Linux)
  --realm NAME          its realm, which anonymous clients may join (realm1)
  --save                keep what this run says, relative to naive, as the baseline that later runs are compared with
  --plot FILE           draw how cost grows, as SVG
  --json                print results as JSON
  --profile             write a CPU profile of the router for each scenario and print where the time goes`;

export interface BenchOptions {
  readonly effort: Effort;
  readonly naive: boolean;
  readonly against: string | undefined;
  readonly beside: ForeignRouterOptions | undefined;
  readonly save: boolean;
  readonly plot: string | undefined;
  readonly json: boolean;
  readonly profile: boolean;
  readonly list: boolean;
  readonly help: boolean;
  readonly parts: readonly string[];
}

export function benchOptions(args: readonly string[]): BenchOptions {
  const { values, positionals: parts } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      list: { type: 'boolean', default: false },
      quick: { type: 'boolean', default: false },
      'no-naive': { type: 'boolean', default: false },
      against: { type: 'string' },
      beside: { type: 'string', multiple: true, default: [] },
      'beside-command': { type: 'string' },
      'beside-pid': { type: 'string' },
      realm: { type: 'string', default: 'realm1' },
      save: { type: 'boolean', default: false },
      plot: { type: 'string' },
      json: { type: 'boolean', default: false },
      profile: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const { quick: isQuick, against, save, plot, json, profile, list, help, realm, beside: urls } = values;
  const pid = values['beside-pid'] === undefined ? undefined : Number(values['beside-pid']);
  const beside = urls.length === 0 ? undefined : { urls, realm, command: values['beside-command'], pid };
  const effort = isQuick ? quick : full;
  return { effort, naive: !values['no-naive'], against, beside, save, plot, json, profile, list, help, parts };
}
