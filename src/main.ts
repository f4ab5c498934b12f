#!/usr/bin/env node

import { bridges } from '../bridges/index.ts';
import { systemClock } from './base/clock.ts';
import { checkCommand } from './cli/gateway/check.ts';
import { dataCommand } from './cli/gateway/data.ts';
import { mapCommand } from './cli/gateway/map.ts';
import { startCommand } from './cli/gateway/start.ts';
import { certCommand } from './cli/keys/cert.ts';
import { keyCommand } from './cli/keys/key.ts';
import { pairCommand } from './cli/keys/pair.ts';
import { userCommand } from './cli/keys/user.ts';
import { callCommand } from './cli/peer/call.ts';
import { pubCommand } from './cli/peer/pub.ts';
import { registerCommand } from './cli/peer/register.ts';
import { subCommand } from './cli/peer/sub.ts';
import { runProcess } from './cli/run-process.ts';
import { packageVersion, pageFolder } from './gateway/support/package-files.ts';

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
      createLog: async options =>
        new (await import('./gateway/logging/buffered-log.ts')).BufferedLog(options, systemClock),
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
