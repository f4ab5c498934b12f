#!/usr/bin/env node

import { bridges } from '../bridges/index.ts';
import { systemClock } from './base/clock.ts';
import { callCommand } from './cli/call.ts';
import { certCommand } from './cli/cert.ts';
import { checkCommand } from './cli/check.ts';
import { dataCommand } from './cli/data.ts';
import { keyCommand } from './cli/key.ts';
import { mapCommand } from './cli/map.ts';
import { pairCommand } from './cli/pair.ts';
import { pubCommand } from './cli/pub.ts';
import { registerCommand } from './cli/register.ts';
import { runProcess } from './cli/run-process.ts';
import { startCommand } from './cli/start.ts';
import { subCommand } from './cli/sub.ts';
import { userCommand } from './cli/user.ts';
import { packageVersion, pageFolder } from './gateway/package-files.ts';

const environment = process.env;

await runProcess({
  name: 'wampway',
  summary: 'IoT gateway: an embedded WAMP router, and bridges that bring devices to it',
  version: packageVersion(),
  commands: [
    startCommand({
      bridges,
      environment,
      clock: systemClock,
      createLog: async options => new (await import('./gateway/held-log.ts')).HeldLog(options, systemClock),
      pageFolder,
    }),
    checkCommand(bridges, environment),
    certCommand,
    pairCommand,
    mapCommand(bridges, environment),
    pubCommand,
    subCommand,
    callCommand,
    registerCommand,
    userCommand(bridges, environment),
    dataCommand(bridges, environment, systemClock),
    keyCommand,
  ],
});
